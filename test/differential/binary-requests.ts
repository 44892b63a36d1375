/** Requests of the binary protocol, drawn at random: most are right, some nearly. */
import fc from 'fast-check';
import { type OpcodeName, requestPacket, uint32, uint64 } from '../support/binary-packet.ts';
import { LIE_PADDING } from './known.ts';
import { UNIQUE_COUNT, uniqueChar } from './peer.ts';
import { anyKey, counterKey, counterValue, key, oversize, value } from './values.ts';

const KEY_251 = 'k'.repeat(251);

/** Mostly no condition, else one of the uniques that were shown. */
const cas = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0n) },
  { weight: 2, arbitrary: fc.nat(UNIQUE_COUNT - 1).map(uniqueChar) },
  { weight: 1, arbitrary: fc.constantFrom(1n << 63n, 2n ** 64n - 1n) },
);
const opaque = fc.constantFrom(0, 1, 0x80818283, 0xffffffff);
/** No time at which something expires while the comparison runs. */
const exptime = fc.constantFrom(0, 0, 0, 86_400, 2_592_000, 1_000_000_000, 4_000_000_000);
const flags = fc.constantFrom(0, 0, 1, 65_536, 0x80000000, 0xffffffff);

function opcodes(...names: OpcodeName[]): fc.Arbitrary<OpcodeName> {
  return fc.constantFrom(...names);
}

const store = fc
  .tuple(
    opcodes('SET', 'SET', 'SETQ', 'ADD', 'ADDQ', 'REPLACE', 'REPLACEQ'),
    key,
    value,
    flags,
    exptime,
    cas,
    opaque,
  )
  .map(([opcode, name, data, flag, time, known, mark]) =>
    requestPacket(opcode, {
      extras: uint32(flag) + uint32(time),
      key: name,
      value: data,
      cas: known,
      opaque: mark,
    }),
  );

const storeCounter = fc
  .tuple(opcodes('SET', 'SETQ', 'ADD', 'REPLACE'), counterKey, counterValue, flags, cas)
  .map(([opcode, name, number, flag, known]) =>
    requestPacket(opcode, {
      extras: uint32(flag) + uint32(0),
      key: name,
      value: `${number}`,
      cas: known,
    }),
  );

const storeOversize = fc
  .tuple(opcodes('SET', 'SETQ', 'ADD', 'REPLACEQ'), key, oversize)
  .map(([opcode, name, data]) =>
    requestPacket(opcode, { extras: uint32(0) + uint32(0), key: name, value: data }),
  );

const join = fc
  .tuple(opcodes('APPEND', 'APPENDQ', 'PREPEND', 'PREPENDQ'), key, value, cas, opaque)
  .map(([opcode, name, data, known, mark]) =>
    requestPacket(opcode, { key: name, value: data, cas: known, opaque: mark }),
  );

const keyed = fc
  .tuple(opcodes('GET', 'GETQ', 'GETK', 'GETKQ', 'GETK', 'DELETE', 'DELETEQ'), anyKey, cas, opaque)
  .map(([opcode, name, known, mark]) =>
    requestPacket(opcode, { key: name, cas: known, opaque: mark }),
  );

const touch = fc
  .tuple(opcodes('TOUCH', 'GAT', 'GATQ', 'GATK', 'GATKQ'), anyKey, exptime, opaque)
  .map(([opcode, name, time, mark]) =>
    requestPacket(opcode, { extras: uint32(time), key: name, opaque: mark }),
  );

const count = fc
  .tuple(
    opcodes('INCREMENT', 'INCREMENTQ', 'DECREMENT', 'DECREMENTQ'),
    fc.oneof({ weight: 4, arbitrary: counterKey }, { weight: 1, arbitrary: key }),
    counterValue,
    counterValue,
    fc.constantFrom(0, 0xffffffff),
    cas,
  )
  // A counter is not made under the other keys: their values are never numbers.
  .map(([opcode, name, delta, initial, time, known]) => {
    const created = name === 'n' || name === 'm' ? time : 0xffffffff;
    const extras = uint64(delta) + uint64(initial) + uint32(created);
    return requestPacket(opcode, { extras, key: name, cas: known });
  });

const plain = fc
  .tuple(opcodes('NOOP', 'NOOP', 'SASL_LIST'), opaque)
  .map(([opcode, mark]) => requestPacket(opcode, { opaque: mark }));

const leaving = opcodes('QUIT', 'QUITQ').map((opcode) => requestPacket(opcode));

const unknown = fc
  .tuple(fc.constantFrom(0x1f, 0x25, 0x3f, 0x7f, 0xfe), fc.constantFrom('', 'some value'))
  .map(([opcode, data]) => requestPacket(opcode, { value: data }));

/** Parts of any length under an opcode that may want others. TOUCH, GAT and STAT: see known.ts. */
// biome-ignore format: a table reads in columns
const misshapen = fc
  .tuple(
    opcodes('GET', 'GETKQ', 'SET', 'ADDQ', 'APPEND', 'PREPENDQ', 'DELETE', 'INCREMENT', 'DECREMENTQ', 'QUIT', 'NOOP', 'VERSION', 'FLUSH'),
    fc.constantFrom(0, 1, 3, 5, 7, 9, 19, 21, 255),
    fc.constantFrom('', 'a', 'n', KEY_251),
    fc.constantFrom('', 'v', 'value'),
  )
  .filter(([opcode, extras]) => opcode !== 'FLUSH' || extras !== 0)
  .map(([opcode, extras, name, data]) =>
    requestPacket(opcode, { extras: '\0'.repeat(extras), key: name, value: data }),
  );

/** Lengths that contradict one another, or the data. */
const lie = fc
  .tuple(
    opcodes('GET', 'SET', 'APPENDQ', 'DELETEQ', 'NOOP'),
    fc.constantFrom('a', 'b'),
    fc.constantFrom('', 'value'),
    fc.constantFrom(-9, -5, -1, 1, 5, 40),
  )
  .map(([opcode, name, data, off]) => {
    const extras = opcode === 'SET' ? uint32(0) + uint32(0) : '';
    const bodyBytes = Math.max(0, extras.length + name.length + data.length + off);
    return requestPacket(opcode, { extras, key: name, value: data, bodyBytes }) + LIE_PADDING;
  });

const noMagic = fc
  .tuple(fc.constantFrom(0x00, 0x0d, 0x67, 0x81, 0xff), opcodes('GET', 'NOOP'))
  .map(([magic, opcode]) => requestPacket(opcode, { magic, key: opcode === 'GET' ? 'a' : '' }));

export const binaryRequest: fc.Arbitrary<string> = fc.oneof(
  { weight: 20, arbitrary: store },
  { weight: 5, arbitrary: storeCounter },
  { weight: 6, arbitrary: join },
  { weight: 30, arbitrary: keyed },
  { weight: 8, arbitrary: touch },
  { weight: 12, arbitrary: count },
  { weight: 3, arbitrary: plain },
  { weight: 2, arbitrary: unknown },
  { weight: 1, arbitrary: storeOversize },
  { weight: 1, arbitrary: leaving },
  { weight: 2, arbitrary: misshapen },
  { weight: 1, arbitrary: lie },
  { weight: 1, arbitrary: noMagic },
);
