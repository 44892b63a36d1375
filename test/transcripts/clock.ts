/**
 * What happens when time passes. Each transcript moves the server's clock with `debugtime`, which
 * memcached has in its debug build, and runs on a server of its own.
 *
 * That command of memcached's adds up: until its next tick a second move jumps by the sum of both. So
 * only the first move of a transcript may show that something is still alive.
 */
import { END, NOT_FOUND, NOT_STORED, OK, STORED, set, TOUCHED, value } from './replies.ts';
import { transcript } from './transcript.ts';

const CLOCK = { movesClock: true } as const;
const NOW_SEC = Math.floor(Date.now() / 1000);

export const clock = [
  transcript(
    'an item lives for its exptime and no longer',
    [
      [set('a', '1', 0, 100), STORED],
      [set('b', '2', 0, 10), STORED],
      [set('c', '3'), STORED],
      ['debugtime 50\r\n', OK],
      ['get a b c\r\n', `VALUE a 0 1\r\n1\r\n${value('c', '3')}`],
      ['debugtime 60\r\n', OK],
      ['get a b c\r\n', value('c', '3')],
    ],
    CLOCK,
  ),
  transcript(
    'an item with exptime 1 is gone a second later',
    [
      [set('a', '1', 0, 1), STORED],
      ['debugtime 2\r\n', OK],
      ['get a\r\n', END],
    ],
    CLOCK,
  ),
  transcript(
    'an item with a date lives until then',
    [
      [set('a', '1', 0, NOW_SEC + 100), STORED],
      [set('b', '2', 0, NOW_SEC + 1000), STORED],
      ['debugtime 500\r\n', OK],
      ['get a b\r\n', value('b', '2')],
      ['debugtime 600\r\n', OK],
      ['get b\r\n', END],
    ],
    CLOCK,
  ),
  transcript(
    'thirty days are thirty days',
    [
      [set('a', '1', 0, 2_592_000), STORED],
      ['debugtime 2591000\r\n', OK],
      ['get a\r\n', value('a', '1')],
      ['debugtime 2000\r\n', OK],
      ['get a\r\n', END],
    ],
    CLOCK,
  ),
  transcript(
    'touch and gat count from when they come',
    [
      [set('a', '1', 0, 10), STORED],
      [set('b', '2', 0, 10), STORED],
      [set('c', '3', 0, 10), STORED],
      ['touch a 100\r\n', TOUCHED],
      ['gat 100 b\r\n', value('b', '2')],
      ['debugtime 50\r\n', OK],
      ['get a b c\r\n', `VALUE a 0 1\r\n1\r\n${value('b', '2')}`],
      ['debugtime 60\r\n', OK],
      ['get a b\r\n', END],
    ],
    CLOCK,
  ),
  transcript(
    'touch 0 takes the exptime away',
    [
      [set('a', '1', 0, 10), STORED],
      ['touch a 0\r\n', TOUCHED],
      ['debugtime 1000000\r\n', OK],
      ['get a\r\n', value('a', '1')],
    ],
    CLOCK,
  ),
  transcript(
    'incr, append and prepend keep the exptime',
    [
      [set('a', '1', 0, 100), STORED],
      [set('b', '9', 0, 100), STORED],
      ['append a 0 0 1\r\n2\r\n', STORED],
      ['prepend a 0 5 1\r\n0\r\n', STORED],
      ['incr b 1\r\n', '10\r\n'],
      ['debugtime 50\r\n', OK],
      ['get a b\r\n', `VALUE a 0 3\r\n012\r\n${value('b', '10')}`],
      ['debugtime 60\r\n', OK],
      ['get a b\r\n', END],
    ],
    CLOCK,
  ),
  transcript(
    'set and replace and cas bring a new exptime',
    [
      [set('a', '1', 0, 10), STORED],
      [set('b', '1', 0, 10), STORED],
      [set('a', '2', 0, 1000), STORED],
      ['replace b 0 1000 1\r\n2\r\n', STORED],
      ['debugtime 50\r\n', OK],
      ['get a b\r\n', `VALUE a 0 1\r\n2\r\n${value('b', '2')}`],
    ],
    CLOCK,
  ),
  transcript(
    'an item that has expired is missing to every command',
    [
      ...['a', 'b', 'c', 'd', 'e', 'f'].map((key) => [set(key, '1', 0, 10), STORED] as const),
      ['debugtime 20\r\n', OK],
      ['add a 0 0 1\r\n2\r\n', STORED],
      ['replace b 0 0 1\r\n2\r\n', NOT_STORED],
      ['incr c 1\r\n', NOT_FOUND],
      ['touch d 100\r\n', NOT_FOUND],
      ['delete e\r\n', NOT_FOUND],
      ['append f 0 0 1\r\n2\r\n', NOT_STORED],
      ['get a b c d e f\r\n', value('a', '2')],
    ],
    CLOCK,
  ),
  transcript(
    'flush_all with a delay fires once, on all that was stored before',
    [
      [set('a', '1'), STORED],
      ['flush_all 100\r\n', OK],
      [set('b', '2'), STORED],
      ['get a b\r\n', `VALUE a 0 1\r\n1\r\n${value('b', '2')}`],
      ['debugtime 110\r\n', OK],
      ['get a b\r\n', END],
      [set('a', '3'), STORED],
      ['get a b\r\n', value('a', '3')],
    ],
    CLOCK,
  ),
  transcript(
    'flush_all with a delay has not fired before it',
    [
      [set('a', '1'), STORED],
      ['flush_all 100\r\n', OK],
      ['debugtime 50\r\n', OK],
      ['get a\r\n', value('a', '1')],
      [set('b', '2'), STORED],
      ['get a b\r\n', `VALUE a 0 1\r\n1\r\n${value('b', '2')}`],
      ['debugtime 60\r\n', OK],
      ['get a b\r\n', END],
    ],
    CLOCK,
  ),
  transcript(
    'flush_all takes back an earlier delay',
    [
      [set('a', '1'), STORED],
      ['flush_all 100\r\n', OK],
      ['flush_all\r\n', OK],
      [set('b', '2'), STORED],
      ['debugtime 200\r\n', OK],
      ['get a b\r\n', value('b', '2')],
    ],
    CLOCK,
  ),
];
