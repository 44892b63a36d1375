/** What the admin thread and the main thread say to each other. */
import type { CommandList } from '../commands/command-list.ts';
import type { CommandConfig } from '../commands/server-context.ts';
import type { ArenaHandles } from '../memory/arena.ts';
import type { TlsFiles } from '../net/tls-material.ts';

/** The part of the configuration that the admin port goes by. */
export type AdminConfig = CommandConfig & {
  readonly adminPort: number;
  /** `*`: all interfaces. */
  readonly adminListen: string;
  readonly adminTls: 'off' | 'on' | 'mtls';
};

/** What the admin thread is started with. */
export type AdminStart = {
  readonly handles: ArenaHandles;
  readonly config: AdminConfig;
  readonly version: string;
  readonly commands: CommandList;
  readonly told: Told;
  readonly token: string | null;
  /** Null: there is no TLS on this port. */
  readonly tlsFiles: TlsFiles | null;
};

/** How busy the event loop of a data thread was: since it was started, and in the last second. */
export type LoopUse = { readonly activeSec: number; readonly utilization: number };

/** What the main thread tells once a second. `loops`: by data thread; null: it is being started anew. */
export type Told = {
  readonly loops: readonly (LoopUse | null)[];
  readonly logLevel: string;
};

/** A port of the data threads, as a probe of it needs to know it. */
export type ProbeTarget = {
  readonly protocol: 'auto' | 'ascii' | 'binary' | 'resp';
  readonly tls: boolean;
  /** Null: all interfaces. With a path, that of a unix socket, there is neither host nor port. */
  readonly host: string | null;
  readonly port: number;
  readonly path: string | null;
  /** Data threads that listen there. */
  readonly threads: readonly number[];
};

/** What the admin thread asks the main thread, and what it answers. */
export type AdminAnswers = {
  readonly targets: { readonly isEnding: boolean; readonly targets: readonly ProbeTarget[] };
  readonly config: Readonly<Record<string, unknown>>;
  readonly logLevel: string;
  /** Null: it was set. */
  readonly logLevelSet: string | null;
};
export type AdminQuestion = keyof AdminAnswers;

/** From the admin thread. */
export type AdminMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'listenFailed'; readonly code: string; readonly message: string }
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly question: AdminQuestion;
      readonly text: string;
    };

/** To it. */
export type AdminCommand =
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly answer: AdminAnswers[AdminQuestion];
    }
  | ({ readonly kind: 'told' } & Told)
  | {
      readonly kind: 'renew';
      readonly token: string | null;
      readonly tlsFiles: TlsFiles | null;
    };
