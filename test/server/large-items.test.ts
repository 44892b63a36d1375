/** Items of 1 MiB, and of 100 MiB where -I allows them: each value carries its checksum. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { valueFault, valueMake } from '../support/marked-value.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { TextClient } from '../support/text-client.ts';

const MIB = 2 ** 20;
const TOO_LARGE = 'SERVER_ERROR object too large for cache';
const TEST_MS_MAX = 120_000;

describe.each([
  { name: '1 MiB', flags: [], fits: 1_047_552, tooLarge: MIB },
  {
    name: '100 MiB under -I 128m',
    flags: ['-I', '128m', '-m', '1024'],
    fits: 100 * MIB,
    tooLarge: 128 * MIB,
  },
])('items of $name', ({ flags, fits, tooLarge }) => {
  let server: ServerProcess;
  let client: TextClient;
  beforeAll(async () => {
    server = await spawnFlagstone({ flags });
    client = await TextClient.open(server);
  });
  afterAll(async () => {
    client.destroy();
    await server.stop();
  });

  it('come back as they went', { timeout: TEST_MS_MAX }, async () => {
    for (const version of [1, 2]) {
      expect(await client.set('large', valueMake('large', version, fits))).toBe('STORED');
      const value = await client.get('large');
      expect(value?.length).toBe(fits);
      expect(valueFault('large', value ?? Buffer.alloc(0))).toBeNull();
    }
    expect((await client.stats()).get('curr_items')).toBe('1');
  });

  it('are refused beyond the limit, and the old value goes', { timeout: TEST_MS_MAX }, async () => {
    expect(await client.set('large', Buffer.alloc(tooLarge))).toBe(TOO_LARGE);
    expect(await client.get('large')).toBeNull();
    expect(await client.set('large', Buffer.from('small again'))).toBe('STORED');
  });

  it('can be appended to, up to the limit', { timeout: TEST_MS_MAX }, async () => {
    const whole = valueMake('joined', 1, fits);
    const half = Math.floor(fits / 2);
    expect(await client.set('joined', whole.subarray(0, half))).toBe('STORED');
    expect(await client.set('joined', whole.subarray(half), 0, 'append')).toBe('STORED');
    expect(valueFault('joined', (await client.get('joined')) ?? Buffer.alloc(0))).toBeNull();
    const refusal = await client.set('joined', whole.subarray(0, half), 0, 'append');
    expect(refusal).toMatch(/^(NOT_STORED|SERVER_ERROR object too large for cache)$/);
    expect(valueFault('joined', (await client.get('joined')) ?? Buffer.alloc(0))).toBeNull();
  });

  it('give their memory back', { timeout: TEST_MS_MAX }, async () => {
    for (let version = 0; version < 12; version++) {
      expect(await client.set('large', valueMake('large', version, fits))).toBe('STORED');
      expect(await client.ask('delete large\r\n')).toBe('DELETED');
    }
    await client.ask('delete joined\r\n');
    const stats = await client.stats();
    expect([stats.get('curr_items'), stats.get('bytes')]).toEqual(['0', '0']);
  });
});
