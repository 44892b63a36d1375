/**
 * The differences between memcached and ours that are known and explained. What is compared leaves out
 * exactly these: a request is not sent to either, or a reply is rewritten on both sides.
 */
import { requestBegins } from '../support/binary-packet.ts';
import { versionBelow } from '../transcripts/transcript.ts';

interface Excused {
  /** The memcached that first answers as ours does; null: none does. */
  readonly since: string | null;
  readonly reason: string;
  /** Text requests that are not sent. */
  readonly covers: RegExp | ((request: string) => boolean);
}

// biome-ignore format: a table reads in columns
const EXCUSED: readonly Excused[] = [
  { since: null, covers: /^ *delete +[^ ]+ +(?!(?:0|noreply) *\r?$)[^\r\n]/m,
    reason: 'there any third word passes; one that is neither 0 nor noreply is refused here' },
  { since: null, covers: storeNumberIsLarge,
    reason: 'there flags and exptime of a store lose all but their low 32 bits' },
  { since: null, covers: /^ *(?:gets?|gats? .*) .*[^ \r\n]{251}/,
    reason: 'there an empty line stands behind the refusal of a key of more than 250 bytes' },
  { since: null, covers: /\d\0/,
    reason: 'there a zero byte ends a number' },
  { since: null, covers: / \t\d|\d\t[ \r\n]/,
    reason: 'there a tab may stand before or behind a number' },
  { since: null, covers: /^ *(?:set|add|replace|append|prepend|cas) .* \+\d/,
    reason: 'there a plus may stand before the numbers of a store' },
  { since: null, covers: /^ms [^ ]+ 10485\d\d .*[MC]/,
    reason: 'there a value too large for ms drops what the key held, also under conditions and in modes other than set' },
  { since: null, covers: / [DJNRTEFC]?-[ \r\n]/,
    reason: 'there a minus alone is the number 0' },
];

function storeNumberIsLarge(request: string): boolean {
  const line = /^ *(?:set|add|replace|append|prepend|cas) +\S+ +([-+]?\d+)(?: +([-+]?\d+))?/;
  const [, flags, exptime] = line.exec(request) ?? [];
  return Math.abs(Number(flags)) >= 2 ** 32 || Math.abs(Number(exptime)) >= 2 ** 31;
}

/** Whether this request is answered otherwise by a memcached of this version, for a known reason. */
export function isExcused(request: string, version: string): boolean {
  if (requestBegins(request)) return false;
  return EXCUSED.some(({ since, covers }) => {
    if (since !== null && !versionBelow(version, since)) return false;
    return covers instanceof RegExp ? covers.test(request) : covers(request);
  });
}

/** Stands in the normal form of an answer for the close behind it. */
export const CLOSED = '(closed)';
/** Behind a request whose length lies: no magic, so that what is taken for a request ends it. */
export const LIE_PADDING = '\0'.repeat(64);
/** What memcached reads at a time: shorter bursts that arrive whole leave nothing unread. */
const READ_BYTES = 16_384;

/**
 * A number that decrement made shorter keeps its length, padded with spaces; memcached keeps it only
 * while nobody else holds the item, and a get may hold it for a moment after its reply.
 */
export function counterUnpadded(value: string): string {
  return /^\d+ +$/.test(value) ? value.trimEnd() : value;
}

/**
 * memcached closes at once where it finds no magic, and what it had to say before is lost, or not, as
 * the network cut the requests; and where it leaves something unread, or more comes after its close, the
 * reset that this causes may overtake its last words. Here they are said.
 */
export function isCutShort(
  requests: readonly string[],
  cameInPieces: boolean,
  ours: readonly string[],
  theirs: readonly string[],
): boolean {
  const said = theirs.slice(0, -1);
  const isLong = requests.join('').length > READ_BYTES;
  return (
    (requests.some(hasNoMagic) || isLong || cameInPieces) &&
    theirs.at(-1) === CLOSED &&
    ours.at(-1) === CLOSED &&
    said.every((line, at) => line === ours[at])
  );
}

/** Its own magic is wrong, or something behind it is taken for a request. */
function hasNoMagic(request: string): boolean {
  return !requestBegins(request) || request.endsWith(LIE_PADDING);
}
