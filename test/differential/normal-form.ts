/**
 * Replies in the form in which they are compared: CAS uniques as the order in which they were first
 * seen, and what known.ts excuses rewritten on both sides.
 */
import { packetsParse } from '../support/binary-packet.ts';
import { CLOSED, counterUnpadded } from './known.ts';
import type { Answer, Peer, Protocol } from './peer.ts';

const FLAGS_BYTES = 4;

/** One line for each line, packet or value of the answer. */
export function answerNormal(peer: Peer, protocol: Protocol, answer: Answer): readonly string[] {
  const lines =
    protocol === 'text' ? textNormal(peer, answer.bytes) : binaryNormal(peer, answer.bytes);
  return answer.closed ? [...lines, CLOSED] : lines;
}

function textNormal(peer: Peer, bytes: string): string[] {
  const lines: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf('\n', at) + 1 || bytes.length;
    const line = bytes.slice(at, end);
    at = end;
    const valueBytes = Number(
      /^VALUE [^ ]+ \d+ (\d+)|^VA (\d+)/.exec(line)?.slice(1).find(Boolean),
    );
    if (Number.isNaN(valueBytes)) {
      lines.push(metaLine(peer, line));
      continue;
    }
    const data = bytes.slice(at, at + valueBytes);
    const value = counterUnpadded(data);
    at += valueBytes;
    lines.push(valueLine(peer, line, value.length), value);
  }
  return lines;
}

/** A VALUE or VA line, with the length that the value has in its normal form. */
function valueLine(peer: Peer, line: string, valueBytes: number): string {
  const words = line.trimEnd().split(' ');
  if (words[0] === 'VA') {
    words[1] = `${valueBytes}`;
    return metaLine(peer, `${words.join(' ')}\r\n`);
  }
  words[3] = `${valueBytes}`;
  if (words[4] !== undefined) words[4] = `unique#${peer.uniqueOrder(BigInt(words[4]))}`;
  return `${words.join(' ')}\r\n`;
}

/** The flag c of a meta reply is a CAS unique; c0 says that there is none. */
function metaLine(peer: Peer, line: string): string {
  if (!/^(?:HD|VA|EN|NS|EX|NF) /.test(line)) return line;
  return line.replace(/ c(\d+)(?=[ \r])/, (flag, unique: string) =>
    unique === '0' ? flag : ` c#${peer.uniqueOrder(BigInt(unique))}`,
  );
}

function binaryNormal(peer: Peer, bytes: string): string[] {
  const { packets, rest } = packetsParse(bytes);
  const lines = packets.map((packet) => {
    const unique = packet.cas === 0n ? 'none' : `#${peer.uniqueOrder(packet.cas)}`;
    const isItem = packet.status === 0 && packet.extras.length === FLAGS_BYTES;
    const value = isItem ? counterUnpadded(packet.value) : packet.value;
    const { magic, opcode, status, opaque, extras, key } = packet;
    return JSON.stringify({ magic, opcode, status, opaque, unique, extras, key, value });
  });
  return rest === '' ? lines : [...lines, rest];
}
