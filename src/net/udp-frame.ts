/**
 * The frame of a datagram.
 * Spec: memcached/memcached doc/protocol.txt, "UDP protocol".
 *
 *   ┌────────────┬──────────────────┬──────────────────┬──────────┬─────────
 *   │ request id │ sequence number  │ datagrams in all │ reserved │ data …
 *   │ u16        │ u16, from 0      │ u16              │ u16, 0   │
 *   └────────────┴──────────────────┴──────────────────┴──────────┴─────────
 */

export const UDP_HEADER_BYTES = 8;
/** Small enough for most networks to carry it in one piece. */
export const UDP_DATAGRAM_BYTES_MAX = 1400;
export const UDP_DATA_BYTES_MAX = UDP_DATAGRAM_BYTES_MAX - UDP_HEADER_BYTES;

const TOTAL_OFFSET = 4;

/** The id of a request that fits one datagram, or -1: it is empty, or a part of a longer one. */
export function udpRequestId(datagram: Buffer): number {
  if (datagram.length <= UDP_HEADER_BYTES) return -1;
  return datagram.readUInt16BE(TOTAL_OFFSET) === 1 ? datagram.readUInt16BE(0) : -1;
}

/** A reply as datagrams; at most 65,535 of them. */
export function udpDatagrams(requestId: number, reply: Buffer): Buffer[] {
  const total = Math.ceil(reply.length / UDP_DATA_BYTES_MAX);
  return Array.from({ length: total }, (_, sequence) => {
    const start = sequence * UDP_DATA_BYTES_MAX;
    const data = reply.subarray(start, start + UDP_DATA_BYTES_MAX);
    const datagram = Buffer.allocUnsafe(UDP_HEADER_BYTES + data.length);
    datagram.writeUInt16BE(requestId, 0);
    datagram.writeUInt16BE(sequence, 2);
    datagram.writeUInt16BE(total, TOTAL_OFFSET);
    datagram.writeUInt16BE(0, 6);
    data.copy(datagram, UDP_HEADER_BYTES);
    return datagram;
  });
}
