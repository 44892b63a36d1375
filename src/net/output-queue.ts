/**
 * What a slow client has not taken yet. Short pieces are copied together into blocks, so that a thousand
 * messages cost their bytes and not a thousand objects, and nobody's shared buffer is held up by one client;
 * long ones are kept as they are.
 *
 * Guard: none; it belongs to its connection.
 */

const BLOCK_BYTES = 16384;
/** A longer piece is not copied. */
const COPIED_BYTES_MAX = 4096;

export class OutputQueue {
  private blocks: Buffer[] = [];
  /** The block that still has room, which is not among `blocks` yet. */
  private tail: Buffer | null = null;
  private tailBytes = 0;
  /** Bytes in it. */
  bytes = 0;

  /** How many pieces it would leave in. */
  get count(): number {
    return this.blocks.length + (this.tailBytes > 0 ? 1 : 0);
  }

  /** Adds a piece. True: it was copied; false: its bytes must not change any more. */
  append(piece: Buffer): boolean {
    this.bytes += piece.length;
    if (piece.length > COPIED_BYTES_MAX) {
      this.tailClose();
      this.blocks.push(piece);
      return false;
    }
    if (this.tailBytes + piece.length > BLOCK_BYTES) this.tailClose();
    this.tail ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.tailBytes += piece.copy(this.tail, this.tailBytes);
    return true;
  }

  /** Takes the oldest piece; null: there is none. */
  shift(): Buffer | null {
    if (this.blocks.length === 0) this.tailClose();
    const piece = this.blocks.shift();
    if (piece === undefined) return null;
    this.bytes -= piece.length;
    return piece;
  }

  clear(): void {
    this.blocks = [];
    this.tail = null;
    this.tailBytes = 0;
    this.bytes = 0;
  }

  private tailClose(): void {
    if (this.tail !== null && this.tailBytes > 0) {
      this.blocks.push(this.tail.subarray(0, this.tailBytes));
    }
    this.tail = null;
    this.tailBytes = 0;
  }
}
