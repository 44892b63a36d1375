/**
 * When two servers have answered the same: the order of what has none does not count, nor a moment between
 * two clocks, nor what `text` explains.
 */
import { type RespReply, RespSimple, RespTyped } from '../support/resp-client.ts';
import type { Request } from './requests.ts';
import { requestAnswered } from './script-requests.ts';
import { shown } from './session.ts';

/** Replies whose elements come in any order, and how many of them belong together. */
const UNORDERED: Record<string, 1 | 2> = {
  keys: 1,
  smembers: 1,
  sinter: 1,
  sunion: 1,
  sdiff: 1,
  spop: 1,
  srandmember: 1,
  hkeys: 1,
  hvals: 1,
  hgetall: 2,
  hrandfield: 1,
  zrandmember: 1,
};
const SCANS: Record<string, 1 | 2> = { scan: 1, sscan: 1, hscan: 2, zscan: 2 };
/** How far apart two servers may answer a time, as each has its own clock. */
const TIMES: Record<string, number> = {
  ttl: 10,
  expiretime: 10,
  pttl: 10_000,
  pexpiretime: 10_000,
};
/** Scores and distances: up to 7.0 with 17 digits, from 7.2 on with as many as it takes. */
const PRINTS_DOUBLES = /^(z|geo|bz|sort)/;
const DOUBLE_TEXT = /(?<=")-?\d+(\.\d+)?(e[+-]?\d+)?(?=")/g;

/**
 * Short lists are listpacks from 7.2 on; SORT makes theirs of a sorted set a skiplist; what INCRBYFLOAT
 * leaves theirs does not take for an int, even if it is one; and a SETBIT that changes nothing leaves it raw.
 */
const ENCODINGS_ALIKE: Record<string, string> = {
  '"quicklist"': '"listpack"',
  '"skiplist"': '"listpack"',
  '"int"': '"embstr"',
  '"raw"': '"embstr"',
};

/** How many blocks a stream has: ours hold somewhat more. */
const RADIX_TREE = /(?<="radix-tree-(keys|nodes)"[,:] ):?\d+/g;

/** Of what is pending: how long, or since when, by each server's own clock. */
const AGES = /(?<="\d+-\d+", ("[^"]*", )?):\d+(?=, :\d+\])/g;
/** Of consumers, likewise; and what 7.2 tells of them besides. */
const SEEN = /(?<="(idle|seen-time)"[,:] ):\d+|, "(inactive|active-time)"[,:] :-?\d+/g;

/**
 * A reader who got nothing is a consumer from 7.2 on: with nothing pending, and counted in GROUPS.
 */
const IDLE_CONSUMER =
  /(map\()?\["name", "[^"]*", ("pending", :0, "idle", |"seen-time", , "pel-count", :0, "pending", \[\])\]\)?(, )?/g;
const CONSUMER_COUNT = /(?<="consumers"[,:] ):\d+/g;

/** What a user may not do, which 7.2 says with his name. */
const NOT_PERMITTED =
  /^-(NOPERM|ERR (The user executing the script can't|ACL failure in script)).*/;
const REFUSED = 'not permitted';

/** What an error says of which command, which 7.2 says otherwise. */
const UNBALANCED = /(?<=Unbalanced ).*/;

/** What one connection has been asked and answered, so that EXEC's replies can be told apart. */
export class Conversation {
  private queued: Request[] = [];

  /** Whether both have answered the request alike. */
  agrees(request: Request, ours: RespReply, theirs: RespReply): boolean {
    if (request[0] === 'multi' && theirs instanceof RespSimple) this.queued = [];
    if (theirs instanceof RespSimple && theirs.simple === 'QUEUED') this.queued.push(request);
    if (request[0] !== 'exec' || !Array.isArray(theirs) || !Array.isArray(ours)) {
      return repliesAgree(request, ours, theirs);
    }
    const { queued } = this;
    return (
      ours.length === queued.length &&
      theirs.length === queued.length &&
      queued.every((one, at) => repliesAgree(one, ours[at], theirs[at]))
    );
  }
}

function repliesAgree(asked: Request, ours: RespReply, theirs: RespReply): boolean {
  const request = requestAnswered(asked);
  const apart = TIMES[request[0]];
  if (apart !== undefined && Number(ours) > 0 && Number(theirs) > 0) {
    return Math.abs(Number(ours) - Number(theirs)) <= apart;
  }
  const [said, expected] = [text(request, ours), text(request, theirs)];
  // Whose keys cannot be counted may say so, or that some of them are not his.
  return said === expected || (said === REFUSED && expected.startsWith('-'));
}

function text(request: Request, reply: RespReply): string {
  const said = shown(ordered(request, reply)).replace(NOT_PERMITTED, REFUSED);
  if (/^xread/.test(request[0])) return said.replace(UNBALANCED, '');
  if (request[0] === 'xgroup' && /^:[01]$/.test(said) && request[1] === 'createconsumer') return '';
  if (request[0] === 'xpending') return said.replace(AGES, '');
  if (request[0] === 'xinfo') {
    const timeless = said.replace(RADIX_TREE, '').replace(AGES, '').replace(SEEN, '');
    return timeless.replace(IDLE_CONSUMER, '').replace(CONSUMER_COUNT, '').replace(/, \]/g, ']');
  }
  if (request[0] === 'object') return ENCODINGS_ALIKE[said] ?? said;
  if (!PRINTS_DOUBLES.test(request[0])) return said;
  return said.replace(DOUBLE_TEXT, (number) => String(Number(number)));
}

function ordered(request: Request, reply: RespReply): RespReply {
  const [command] = request;
  const scanned = SCANS[command];
  if (scanned !== undefined && Array.isArray(reply)) return sorted(reply[1], scanned);
  if (command === 'sort' && request.includes('nosort')) return sorted(reply, 1);
  const each = UNORDERED[command];
  if (each === undefined) return reply;
  const isPairs = /^with(values|scores)$/.test(request[request.length - 1]);
  return sorted(reply, isPairs ? 2 : each);
}

function sorted(reply: RespReply, each: 1 | 2): RespReply {
  if (reply instanceof RespTyped) return new RespTyped(reply.type, sorted(reply.value, each));
  if (!Array.isArray(reply)) return reply;
  const all = reply as readonly RespReply[];
  const size = Array.isArray(all[0]) ? 1 : each;
  const groups = Array.from({ length: all.length / size }, (_, at) =>
    all.slice(at * size, at * size + size),
  );
  return groups
    .map((group) => ({ group, key: group.map(shown).join(' ') }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .flatMap(({ group }) => group);
}
