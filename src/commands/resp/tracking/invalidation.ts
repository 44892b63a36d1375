/**
 * An invalidation: the message by which clients that cache keys hear that some have changed, or all.
 *
 *   RESP3, any client         >2  $10 invalidate  *1 $3 key
 *   RESP2, a subscriber of __redis__:invalidate that another client named
 *                             *3  $7 message  $20 __redis__:invalidate  *1 $3 key
 *
 * All keys are a null in place of the array.
 */
const CRLF = '\r\n';
const PUSH_HEAD = bulk('invalidate');
const MESSAGE_HEAD = bulk('message') + bulk('__redis__:invalidate');

export class Invalidation {
  /** Names, one character a byte; null: all keys. */
  readonly keys: readonly string[] | null;
  private push: Buffer | null = null;
  private message: Buffer | null = null;

  constructor(keys: readonly string[] | null) {
    this.keys = keys;
  }

  /** For a client of RESP3. */
  asPush(): Buffer {
    this.push ??= bytesOf(`>2${CRLF}${PUSH_HEAD}${keysText(this.keys, '_')}`);
    return this.push;
  }

  /** For a subscriber of RESP2. */
  asMessage(): Buffer {
    this.message ??= bytesOf(`*3${CRLF}${MESSAGE_HEAD}${keysText(this.keys, '$-1')}`);
    return this.message;
  }
}

/** What a client of RESP3 hears once the client that was to be told in its place is gone. */
export function redirectionBroken(redirect: number): Buffer {
  return bytesOf(`>2${CRLF}${bulk('tracking-redir-broken')}:${redirect}${CRLF}`);
}

function keysText(keys: readonly string[] | null, none: string): string {
  if (keys === null) return none + CRLF;
  return `*${keys.length}${CRLF}${keys.map(bulk).join('')}`;
}

function bulk(text: string): string {
  return `$${text.length}${CRLF}${text}${CRLF}`;
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
