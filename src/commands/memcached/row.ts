/** The shapes of commands: all that is known of one is in its row. table.ts puts the rows together. */
import type { Call } from './call.ts';

/**
 * Runs the command whose line starts at `at`; call.line holds its words, unless the row streams.
 * Returns where the next command starts, or waitAt(position) when it has to wait for more input, or
 * for the client to read: position is how far it came.
 */
export type TextHandler = (call: Call, at: number) => number;

/** A command of the text protocol. */
export type TextRow = {
  readonly name: string;
  /** Words a line has at least, the name included; fewer are a bad command line. */
  readonly wordsMin: number;
  readonly run: TextHandler;
  /** The handler reads its line itself, as it arrives: it may have any length. */
  readonly streams: boolean;
  readonly doc: string;
};

/**
 * Runs the request in call.request, whose header starts at `at` and whose extras and key have arrived.
 * Returns as a TextHandler does.
 */
export type BinaryHandler = (call: Call, at: number) => number;

/** A command of the binary protocol. Lengths that do not fit the row are answered before it runs. */
export type BinaryRow = {
  readonly opcode: number;
  readonly name: string;
  readonly extrasBytes: number;
  /** The extras may be left out. */
  readonly extrasMayLack: boolean;
  readonly key: 'needed' | 'none' | 'optional';
  readonly hasValue: boolean;
  /** It may be asked for before authentication. */
  readonly isOpen?: boolean;
  readonly run: BinaryHandler;
  readonly doc: string;
};

/** A row in the table: its number tells where its runs are counted. */
export type Numbered<Row> = Row & { readonly number: number };
