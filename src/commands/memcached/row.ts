/** The shape of a command of the text protocol: all that is known of it, in one row. */
import type { Call } from './call.ts';

/**
 * Runs the command whose line starts at `at`; call.line holds its words, unless the row streams.
 * Returns where the next command starts, or waitAt(position) when it has to wait for more input, or
 * for the client to read: position is how far it came.
 */
export type TextHandler = (call: Call, at: number) => number;

export type TextRow = {
  readonly name: string;
  /** Words a line has at least, the name included; fewer are a bad command line. */
  readonly wordsMin: number;
  readonly run: TextHandler;
  /** The handler reads its line itself, as it arrives: it may have any length. */
  readonly streams: boolean;
  /** Goes on where the session stands, with input from `at`. */
  readonly resume: TextHandler | null;
  readonly doc: string;
};
