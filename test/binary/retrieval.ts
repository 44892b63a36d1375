/** GET, GETK, TOUCH, GAT, GATK and their quiet forms. */
import { casNamed, repliesJoin } from '../support/binary-packet.ts';
import { transcript } from '../transcripts/transcript.ts';
import { done, fault, get, hit, keyed, missOf, SILENCE, set, stored, touch } from './notation.ts';

const A_DAY_SEC = 86_400;
const PAST_SEC = 1_000_000_000;
const MANY = 4000;

export const retrieval = [
  transcript('a hit in every form', [
    [set('a', 'abc', { flags: 5 }), stored('SET', casNamed('cas'))],
    [keyed('GET', 'a'), hit('GET', 'abc', { flags: 5, cas: '{cas}' })],
    [keyed('GETQ', 'a'), hit('GETQ', 'abc', { flags: 5, cas: '{cas}' })],
    [keyed('GETK', 'a'), hit('GETK', 'abc', { flags: 5, cas: '{cas}', key: 'a' })],
    [keyed('GETKQ', 'a'), hit('GETKQ', 'abc', { flags: 5, cas: '{cas}', key: 'a' })],
    [touch('GAT', 'a', 0), hit('GAT', 'abc', { flags: 5, cas: '{cas}' })],
    [touch('GATQ', 'a', 0), hit('GATQ', 'abc', { flags: 5, cas: '{cas}' })],
    [touch('GATK', 'a', 0), hit('GATK', 'abc', { flags: 5, cas: '{cas}', key: 'a' })],
    [touch('GATKQ', 'a', 0), hit('GATKQ', 'abc', { flags: 5, cas: '{cas}', key: 'a' })],
    [touch('TOUCH', 'a', 0), hit('TOUCH', '', { flags: 5, cas: '{cas}' })],
  ]),
  transcript('a miss in every form: a text, the key where it is asked for, or nothing', [
    [keyed('GET', 'none'), fault('GET', 'MISSING')],
    [keyed('GETQ', 'none'), SILENCE],
    [keyed('GETK', 'none'), missOf('GETK', 'none')],
    [keyed('GETKQ', 'none'), SILENCE],
    [touch('GAT', 'none', 0), fault('GAT', 'MISSING')],
    [touch('GATQ', 'none', 0), SILENCE],
    [touch('GATK', 'none', 0), missOf('GATK', 'none')],
    [touch('GATKQ', 'none', 0), SILENCE],
    [touch('TOUCH', 'none', 0), fault('TOUCH', 'MISSING')],
  ]),
  transcript('TOUCH and GAT set the expiry time', [
    [set('a', 'abc'), stored()],
    [touch('TOUCH', 'a', A_DAY_SEC), hit('TOUCH', '')],
    [get('a'), hit('GET', 'abc')],
    [touch('TOUCH', 'a', PAST_SEC), hit('TOUCH', '')],
    [get('a'), fault('GET', 'MISSING')],
    [set('b', 'abc'), stored()],
    [touch('GAT', 'b', PAST_SEC), hit('GAT', 'abc')],
    [touch('GATK', 'b', 0), missOf('GATK', 'b')],
    [set('c', 'abc'), stored()],
    [touch('GATKQ', 'c', PAST_SEC), hit('GATKQ', 'abc', { key: 'c' })],
    [get('c'), fault('GET', 'MISSING')],
  ]),
  transcript('a batch: quiet gets, and a NOOP that ends it', [
    [set('a', 'A'), stored()],
    [set('c', 'C'), stored()],
    [
      keyed('GETKQ', 'a') + keyed('GETKQ', 'b') + keyed('GETKQ', 'c') + keyed('NOOP', ''),
      repliesJoin(hit('GETKQ', 'A', { key: 'a' }), hit('GETKQ', 'C', { key: 'c' }), done('NOOP')),
    ],
    [keyed('GETQ', 'b').repeat(3) + keyed('GETK', 'b'), missOf('GETK', 'b')],
  ]),
  transcript(`${MANY} quiet gets in one write`, [
    [
      Array.from({ length: MANY }, (_, at) => set(`k${at % 50}`, `v${at}`, { as: 'SETQ' })).join(
        '',
      ),
      SILENCE,
    ],
    [
      Array.from({ length: MANY }, (_, at) => keyed('GETKQ', `k${at % 100}`)).join('') +
        keyed('NOOP', ''),
      repliesJoin(
        ...Array.from({ length: MANY }, (_, at) => at % 100)
          .filter((key) => key < 50)
          .map((key) => hit('GETKQ', `v${MANY - 50 + key}`, { key: `k${key}` })),
        done('NOOP'),
      ),
    ],
  ]),
  transcript(`${MANY} misses in one write`, [
    [keyed('GETQ', 'none').repeat(MANY) + keyed('NOOP', ''), done('NOOP')],
    [
      keyed('GETK', 'none').repeat(MANY),
      repliesJoin(...Array.from({ length: MANY }, () => missOf('GETK', 'none'))),
    ],
  ]),
];
