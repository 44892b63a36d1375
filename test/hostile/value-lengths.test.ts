/**
 * Values around the lengths where reply buffers end: each reply is complete, to its last byte. A value
 * that leaves in pieces may fill the last buffer but for the END of its line.
 */
import { describe, expect, it } from 'vitest';
import { REPLY_BYTES_MAX } from '../../src/protocol/reply.ts';
import { valueFault, valueMake } from '../support/marked-value.ts';
import { spawnFlagstone } from '../support/server.ts';
import { TextClient } from '../support/text-client.ts';

/** Longer than all that stands around a value in its reply. */
const FRAME_BYTES_MAX = 60;
const KEY = 'edge';

describe('a value whose reply ends near the end of a buffer', () => {
  it.each([
    ['fast wire', {}],
    ['plain wire', { FLAGSTONE_PLAIN_WIRE: '1' }],
  ])('%s', { timeout: 60_000 }, async (_name, env) => {
    const server = await spawnFlagstone({ env });
    const client = await TextClient.open(server);
    try {
      for (const buffers of [0.25, 0.5, 1, 2]) {
        for (let short = -2; short <= FRAME_BYTES_MAX; short++) {
          const value = valueMake(KEY, short + 2, REPLY_BYTES_MAX * buffers - short);
          expect(await client.set(KEY, value)).toBe('STORED');
          const got = (await client.get(KEY)) ?? Buffer.alloc(0);
          expect(valueFault(KEY, got), `${value.length} bytes`).toBeNull();
          // The last key of the line is malformed: an error where END would stand.
          client.send(`get ${KEY} ${'k'.repeat(251)}\r\nversion\r\n`);
          for (;;) {
            const line = await client.line();
            if (line.startsWith('VERSION ')) break;
            if (line.startsWith('VALUE ')) await client.getTake(KEY, line);
            else expect(line).toMatch(/^CLIENT_ERROR /);
          }
        }
      }
    } finally {
      client.destroy();
      await server.stop();
    }
  });
});
