/**
 * Publish and subscribe. Replies to SUBSCRIBE and its kin are pushes, one for each channel, and so are the
 * messages; RESP2 has them as arrays.
 *
 * Source: Valkey src/pubsub.c.
 */
import { globMatches } from '../../../base/glob.ts';
import { argumentCopy, argumentText } from '../../../protocol/resp/arguments.ts';
import {
  respArray,
  respBuffer,
  respInteger,
  respNull,
  respPush,
  respText,
} from '../../../protocol/resp/reply.ts';
import type { Bulletin } from '../bulletin.ts';
import { answerError, type RespCall } from '../call.ts';
import { unknownSubcommand } from '../execute.ts';
import { helpRow } from '../help.ts';
import { FLAG, type KeySpec, type RespRow } from '../row.ts';
import { GATE, type RespSession, subscriptionCount } from '../session.ts';
import { type ChannelKind, messagesListen, publish } from './pubsub-message.ts';
import { TOPIC, type TopicCounts, type TopicKind, type Topics } from './pubsub-registry.ts';

const { PUBSUB, NO_SCRIPT, LOADING, STALE, FAST, MAY_REPLICATE, SENTINEL } = FLAG;
const SUBSCRIBE = PUBSUB | NO_SCRIPT | LOADING | STALE;
const PUBLISH = PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE;
const SHOW = PUBSUB | LOADING | STALE;
/** In a cluster a shard channel belongs to a slot as a key does. */
const CHANNEL_KEY: readonly KeySpec[] = [{ use: 'not_key', from: 1 }];
const CHANNEL_KEYS: readonly KeySpec[] = [{ use: 'not_key', from: 1, to: -1 }];

// biome-ignore format: a table reads in columns
const SHOW_ROWS: readonly RespRow[] = [
  { name: 'channels',      arity: -2, flags: SHOW, group: 'pubsub', since: '2.8.0', complexity: 'O(N), N the channels', syntax: '[pattern]', doc: 'Channels that have subscribers.', run: (call) => channelsShow(call, TOPIC.CHANNEL) },
  { name: 'numpat',        arity:  2, flags: SHOW, group: 'pubsub', since: '2.8.0', complexity: 'O(1)', syntax: '', doc: 'How many different patterns are subscribed to.', run: numPat },
  { name: 'numsub',        arity: -2, flags: SHOW, group: 'pubsub', since: '2.8.0', complexity: 'O(N), N the channels named', syntax: '[channel [channel ...]]', doc: 'How many subscribers channels have.', run: (call) => subscribersShow(call, TOPIC.CHANNEL) },
  { name: 'shardchannels', arity: -2, flags: SHOW, group: 'pubsub', since: '7.0.0', complexity: 'O(N), N the shard channels', syntax: '[pattern]', doc: 'Shard channels that have subscribers.', run: (call) => channelsShow(call, TOPIC.SHARD) },
  { name: 'shardnumsub',   arity: -2, flags: SHOW, group: 'pubsub', since: '7.0.0', complexity: 'O(N), N the shard channels named', syntax: '[shardchannel [shardchannel ...]]', doc: 'How many subscribers shard channels have.', run: (call) => subscribersShow(call, TOPIC.SHARD) },
  helpRow('pubsub', '6.2.0'),
];

// biome-ignore format: a table reads in columns
export const PUBSUB_ROWS: readonly RespRow[] = [
  { name: 'psubscribe',   arity: -2, flags: SUBSCRIBE | SENTINEL, channels: 'patterns', group: 'pubsub', since: '2.0.0', complexity: 'O(N), N the patterns', syntax: 'pattern [pattern ...]', doc: 'Listens to all channels whose names match.', run: (call) => subscribe(call, TOPIC.PATTERN) },
  { name: 'publish',      arity:  3, flags: PUBLISH | SENTINEL, channels: 'one', group: 'pubsub', since: '2.0.0', complexity: 'O(N+M), N the subscribers of the channel, M all patterns', syntax: 'channel message', doc: 'Sends a message to who listens to the channel.', run: (call) => publishTo(call, TOPIC.CHANNEL) },
  { name: 'pubsub',       arity: -2, flags: 0, group: 'pubsub', since: '2.8.0', complexity: 'That of the subcommand', syntax: '', doc: 'Who listens to what.', run: (call) => unknownSubcommand(call, call.command), subcommands: SHOW_ROWS },
  { name: 'punsubscribe', arity: -1, flags: SUBSCRIBE | SENTINEL, group: 'pubsub', since: '2.0.0', complexity: 'O(N), N the patterns', syntax: '[pattern [pattern ...]]', doc: 'Listens to patterns no more, or to none.', run: (call) => unsubscribe(call, TOPIC.PATTERN) },
  { name: 'spublish',     arity:  3, flags: PUBLISH, keys: CHANNEL_KEY, channels: 'one', group: 'pubsub', since: '7.0.0', complexity: 'O(N), N the subscribers', syntax: 'shardchannel message', doc: 'Sends a message to who listens to the shard channel.', run: (call) => publishTo(call, TOPIC.SHARD) },
  { name: 'ssubscribe',   arity: -2, flags: SUBSCRIBE, keys: CHANNEL_KEYS, channels: 'all', group: 'pubsub', since: '7.0.0', complexity: 'O(N), N the shard channels', syntax: 'shardchannel [shardchannel ...]', doc: 'Listens to shard channels.', run: (call) => subscribe(call, TOPIC.SHARD) },
  { name: 'subscribe',    arity: -2, flags: SUBSCRIBE | SENTINEL, channels: 'all', group: 'pubsub', since: '2.0.0', complexity: 'O(N), N the channels', syntax: 'channel [channel ...]', doc: 'Listens to channels.', run: (call) => subscribe(call, TOPIC.CHANNEL) },
  { name: 'sunsubscribe', arity: -1, flags: SUBSCRIBE, keys: CHANNEL_KEYS, group: 'pubsub', since: '7.0.0', complexity: 'O(N), N the shard channels', syntax: '[shardchannel [shardchannel ...]]', doc: 'Listens to shard channels no more, or to none.', run: (call) => unsubscribe(call, TOPIC.SHARD) },
  { name: 'unsubscribe',  arity: -1, flags: SUBSCRIBE | SENTINEL, group: 'pubsub', since: '2.0.0', complexity: 'O(N), N the channels', syntax: '[channel [channel ...]]', doc: 'Listens to channels no more, or to none.', run: (call) => unsubscribe(call, TOPIC.CHANNEL) },
];

/** What confirmations of a kind are called. */
const WORDS = {
  [TOPIC.CHANNEL]: { on: 'subscribe', off: 'unsubscribe' },
  [TOPIC.PATTERN]: { on: 'psubscribe', off: 'punsubscribe' },
  [TOPIC.SHARD]: { on: 'ssubscribe', off: 'sunsubscribe' },
} as const;

/** What a client is subscribed to, of one kind. */
function namesOf(session: RespSession, kind: TopicKind): Set<string> {
  if (kind === TOPIC.CHANNEL) return session.channels;
  return kind === TOPIC.PATTERN ? session.patterns : session.shardChannels;
}

/** The number in a confirmation: shard channels are counted apart. */
function countOf({ channels, patterns, shardChannels }: RespSession, kind: TopicKind): number {
  return kind === TOPIC.SHARD ? shardChannels.size : channels.size + patterns.size;
}

function subscribe(call: RespCall, kind: TopicKind): void {
  const { session, args, pubsub } = call;
  const names = namesOf(session, kind);
  for (let index = 1; index < args.count; index++) {
    const name = argumentText(args, index);
    if (!names.has(name)) {
      names.add(name);
      pubsub.topics(kind).add(name, session);
    }
    confirm(call, kind, WORDS[kind].on, name);
  }
  session.gate |= GATE.SUBSCRIBED;
}

function unsubscribe(call: RespCall, kind: TopicKind): void {
  const { session, args, pubsub } = call;
  const names = namesOf(session, kind);
  const isAll = args.count === 1;
  const given = isAll ? [...names] : argumentsTexts(call, 1);
  for (const name of given) {
    if (names.delete(name)) pubsub.topics(kind).remove(name, session);
    confirm(call, kind, WORDS[kind].off, name);
  }
  if (given.length === 0) confirm(call, kind, WORDS[kind].off, null);
  if (subscriptionCount(session) === 0) session.gate &= ~GATE.SUBSCRIBED;
}

function argumentsTexts({ args }: RespCall, from: number): string[] {
  return Array.from({ length: args.count - from }, (_, at) => argumentText(args, from + at));
}

function confirm(call: RespCall, kind: TopicKind, word: string, name: string | null): void {
  const { reply, session } = call;
  if (session.gate & (GATE.REPLY_OFF | GATE.REPLY_SKIP)) call.answersByPush = true;
  respPush(reply, 3);
  respText(reply, word);
  if (name === null) respNull(reply);
  else respText(reply, name);
  respInteger(reply, countOf(session, kind));
}

/** Ends all subscriptions of a client, which hears nothing of it: it leaves, or RESET. */
export function subscriptionsEnd(call: RespCall, session: RespSession): void {
  for (const kind of Object.values(TOPIC)) {
    const names = namesOf(session, kind);
    for (const name of names) call.pubsub.topics(kind).remove(name, session);
    names.clear();
  }
  session.gate &= ~GATE.SUBSCRIBED;
  if (call.running === null) pubsubPost(call);
}

function publishTo(call: RespCall, kind: ChannelKind): void {
  const { args, reply } = call;
  const channel = args.source.subarray(args.start[1], args.end[1]);
  const payload = args.source.subarray(args.start[2], args.end[2]);
  respInteger(reply, publish(call, kind, channel, payload));
}

// ── PUBSUB ──────────────────────────────────────────────────────────────────────────────────────

function channelsShow(call: RespCall, kind: ChannelKind): void {
  const { args, reply, pubsub } = call;
  if (args.count > 3) {
    const word = argumentText(args, 1);
    answerError(
      call,
      `ERR unknown subcommand or wrong number of arguments for '${word}'. Try PUBSUB HELP.`,
    );
    return;
  }
  const pattern = args.count === 3 ? argumentCopy(args, 2) : null;
  const shown = [...pubsub.topics(kind).all()].filter(
    ({ bytes }) =>
      pattern === null || globMatches(pattern, 0, pattern.length, bytes, 0, bytes.length, false),
  );
  respArray(reply, shown.length);
  for (const { bytes } of shown) respBuffer(reply, bytes);
}

function subscribersShow(call: RespCall, kind: ChannelKind): void {
  const { reply, pubsub } = call;
  const names = argumentsTexts(call, 2);
  respArray(reply, names.length * 2);
  for (const name of names) {
    respText(reply, name);
    respInteger(reply, pubsub.topics(kind).find(name)?.count ?? 0);
  }
}

function numPat({ reply, pubsub }: RespCall): void {
  respInteger(reply, pubsub.patterns.size);
}

// ── Between threads ─────────────────────────────────────────────────────────────────────────────

/**
 * Tells the other threads who has come and gone, and what was published, since this was called last: after each
 * batch, before its replies leave. True: there were messages.
 */
export function pubsubPost({ pubsub, bulletin }: RespCall): boolean {
  const { outbox, channels, patterns, shardChannels } = pubsub;
  const hasMessages = !outbox.isEmpty;
  if (hasMessages) outbox.post(bulletin);
  if (channels.hasChanged || patterns.hasChanged || shardChannels.hasChanged) {
    for (const kind of Object.values(TOPIC)) changesPost(bulletin, pubsub.topics(kind), kind);
  }
  return hasMessages;
}

function changesPost(bulletin: Bulletin, topics: Topics, topic: TopicKind): void {
  if (!topics.hasChanged) return;
  const changes = topics.changesTake();
  bulletin.post({ kind: 'subscribers', thread: bulletin.threadIndex, topic, changes });
}

/** Has this thread hear of subscribers and messages on the others. */
export function pubsubListen(call: RespCall): void {
  const { pubsub, bulletin } = call;
  const share = (name: string, topics: Topics): void => {
    bulletin.share(name, {
      tell: () => topics.tell(),
      hear: (thread, told) => topics.hear(thread, told as TopicCounts),
      forget: (thread) => topics.forget(thread),
    });
  };
  share('channels', pubsub.channels);
  share('patterns', pubsub.patterns);
  share('shardChannels', pubsub.shardChannels);
  bulletin.on('subscribers', (notice) => {
    const { thread, topic, changes } = notice as unknown as {
      readonly thread: number;
      readonly topic: TopicKind;
      readonly changes: TopicCounts;
    };
    pubsub.topics(topic).hear(thread, changes);
  });
  messagesListen(call);
}
