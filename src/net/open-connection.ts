/** A connection as its thread sees it, whatever it speaks. */
export interface OpenConnection {
  /** i32 index of its record in the connection table. */
  readonly record: number;
  /** Seconds after which an idle connection is closed; 0: never. */
  readonly idleSecMax: number;
  /** Seconds since the last command. */
  idleSec(nowSec: number): number;
  /** For a thread that ends: closes unless requests are under way. It asks until all have gone. */
  endIfQuiet(): void;
  /** Closes a connection on which nothing has moved for too long. False: it is not to be closed for that. */
  kick(): boolean;
  /** Closes it at once: what was sent and has not left is lost. */
  destroy(): void;
}
