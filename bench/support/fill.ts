/** Many items of one size, stored fast. */

import { randomBelow, randomMake } from '../../src/base/random.ts';
import { clientClose, clientExchange, clientOpen, lineEndFind } from './text-client.ts';
import { SET_LINE_BYTES_MAX, setWrite } from './value-bytes.ts';

const BATCH_COUNT = 256;
const KEY_BYTES_MAX = 250;
const TAIL = 'abcdefghijklmno';

/** Different keys of 16 to 30 bytes, evenly spread. */
export function keysMake(keyCount: number, seed: number): readonly string[] {
  const random = randomMake(seed);
  return Array.from({ length: keyCount }, (_, keyId) => {
    const head = `k:${String(keyId).padStart(12, '0')}:`; // 15 bytes
    return head + TAIL.slice(0, 1 + randomBelow(random, 15));
  });
}

/**
 * Sets every key to a value of its own; returns how many sets the server refused.
 *   tell   is told the share stored so far, after each batch
 */
export async function keysStore(
  port: number,
  keys: readonly string[],
  valueBytes: number,
  tell: (share: number) => Promise<void> | void,
): Promise<number> {
  const client = await clientOpen(port);
  const request = Buffer.allocUnsafe(
    BATCH_COUNT * (SET_LINE_BYTES_MAX + KEY_BYTES_MAX + valueBytes),
  );
  let refusedCount = 0;
  for (let first = 0; first < keys.length; first += BATCH_COUNT) {
    const end = Math.min(first + BATCH_COUNT, keys.length);
    let at = 0;
    for (let keyId = first; keyId < end; keyId++) {
      at = setWrite(request, at, keys[keyId], keyId, valueBytes);
    }
    // The buffer is free again when all are answered, since the server has read all by then.
    await clientExchange(client, request.subarray(0, at), end - first, (bytes, offset, arrived) => {
      const next = lineEndFind(bytes, offset, arrived);
      if (next >= 0 && !isStored(bytes, offset, next)) refusedCount++;
      return next;
    });
    await tell(end / keys.length);
  }
  clientClose(client);
  return refusedCount;
}

/** The reply line in bytes[offset, end) is STORED, the only one of its length and first letters. */
function isStored(bytes: Buffer, offset: number, end: number): boolean {
  return end - offset === 8 && bytes[offset] === 0x53 && bytes[offset + 1] === 0x54;
}
