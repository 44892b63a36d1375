/** What the pages of the admin port are made with. */
import type { CommandList } from '../commands/command-list.ts';
import type { Keyspace } from '../engine/keyspace.ts';
import type { AdminAnswers, AdminQuestion, AdminSays } from './admin-messages.ts';

/** Asks the main thread; rejects when it does not answer in time. */
export type Ask = <Question extends AdminQuestion>(
  question: Question,
  says: AdminSays[Question],
) => Promise<AdminAnswers[Question]>;

export type PagesContext = {
  readonly keyspace: Keyspace;
  readonly threadCount: number;
  readonly commands: CommandList;
  readonly version: string;
  readonly ask: Ask;
  /** The port speaks TLS. */
  readonly isSecure: boolean;
  /** Answers given, by status. */
  readonly answers: () => ReadonlyMap<number, number>;
};
