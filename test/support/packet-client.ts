/** A client's way to receive packets of the binary protocol, one at a time. */
import { HEADER_BYTES, type Packet, packetsParse } from './binary-packet.ts';
import type { TextClient } from './text-client.ts';

/** The next packet. */
export async function packetTake(client: TextClient): Promise<Packet> {
  const head = await client.take(HEADER_BYTES);
  const body = await client.take(head.readUInt32BE(8));
  return packetsParse(Buffer.concat([head, body]).toString('latin1')).packets[0];
}

/** Sends a request and returns the packet that answers it. */
export function packetAsk(client: TextClient, request: string): Promise<Packet> {
  client.send(request);
  return packetTake(client);
}
