/** The config store: entries, their limits, and what a dead thread leaves behind. */
import { describe, expect, it } from 'vitest';
import { locksRecover } from '../../src/engine/recovery.ts';
import {
  CONFIG_COUNT_MAX,
  CONFIG_SET,
  CONFIG_STORE_BYTES,
  CONFIG_VALUE_BYTES_MAX,
  ConfigStore,
  configDelete,
  configGet,
  configLockFree,
  configSet,
  configTrySet,
} from '../../src/memory/config-store.ts';
import { lockTake } from '../../src/memory/lock.ts';
import { handlesMake, keyspaceMake } from '../engine/fixture.ts';

const LOCK_WORD = 0;
const DEAD = 9;

function storesMake(): [ConfigStore, ConfigStore] {
  const sab = new SharedArrayBuffer(CONFIG_STORE_BYTES);
  return [new ConfigStore(sab, 1), new ConfigStore(sab, 2)];
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function textOf(store: ConfigStore, key: string): string | null {
  return configGet(store, bytes(key))?.value.toString('latin1') ?? null;
}

describe('the config store', () => {
  it('keeps entries that every thread sees', () => {
    const [one, other] = storesMake();
    expect(textOf(one, 'cluster')).toBeNull();
    expect(configSet(one, bytes('cluster'), 0xffffffff, bytes('1\n\n'))).toBe(CONFIG_SET.STORED);
    expect(configGet(other, bytes('cluster'))).toEqual({
      clientFlags: 0xffffffff,
      value: bytes('1\n\n'),
    });
    expect(configSet(other, bytes('cluster'), 0, bytes(''))).toBe(CONFIG_SET.STORED);
    expect(configGet(one, bytes('cluster'))).toEqual({ clientFlags: 0, value: bytes('') });
    expect(textOf(one, 'clusters')).toBeNull();
    expect(configDelete(one, bytes('cluster'))).toBe(true);
    expect(configDelete(other, bytes('cluster'))).toBe(false);
  });

  it('takes as many entries as it says, and replaces them when it is full', () => {
    const [store] = storesMake();
    const longest = bytes('x'.repeat(CONFIG_VALUE_BYTES_MAX));
    const keys = Array.from({ length: CONFIG_COUNT_MAX }, (_, at) => `${at}`.padEnd(250, 'k'));
    for (const key of keys)
      expect(configSet(store, bytes(key), 0, longest)).toBe(CONFIG_SET.STORED);
    expect(configSet(store, bytes('more'), 0, bytes('x'))).toBe(CONFIG_SET.FULL);
    for (const key of keys) {
      expect(configSet(store, bytes(key), 0, bytes(key))).toBe(CONFIG_SET.STORED);
    }
    for (const key of keys) expect(textOf(store, key)).toBe(key);
    configDelete(store, bytes(keys[3]));
    expect(configSet(store, bytes('more'), 0, bytes('x'))).toBe(CONFIG_SET.STORED);
  });

  it('refuses what is too long, and keeps what was there', () => {
    const [store] = storesMake();
    configSet(store, bytes('a'), 0, bytes('old'));
    const long = bytes('x'.repeat(CONFIG_VALUE_BYTES_MAX + 1));
    expect(configSet(store, bytes('a'), 0, long)).toBe(CONFIG_SET.TOO_LARGE);
    expect(textOf(store, 'a')).toBe('old');
  });

  it('lets the main thread try', () => {
    const [store] = storesMake();
    lockTake(store.i32, LOCK_WORD, DEAD);
    expect(configTrySet(store, bytes('a'), 0, bytes('x'))).toBe(false);
    expect(configLockFree(store, 1)).toBe(false);
    expect(configLockFree(store, DEAD)).toBe(true);
    expect(configTrySet(store, bytes('a'), 0, bytes('x'))).toBe(true);
    expect(textOf(store, 'a')).toBe('x');
  });

  it('is whole whichever of its writes was a dead thread’s last', () => {
    const key = bytes('cluster');
    const [model] = storesMake();
    configSet(model, key, 0, bytes('old'));
    const before = Buffer.from(model.u8);
    configSet(model, key, 0, bytes('new!'));
    const after = Buffer.from(model.u8);
    const writes = [...before.keys()].filter((at) => before[at] !== after[at]);
    // The serial of the new record is published first, then that of the old one is taken back.
    for (const done of [[], writes.filter((at) => after[at] !== 0), writes]) {
      const [store] = storesMake();
      before.copy(store.u8);
      for (const at of done) store.u8[at] = after[at];
      lockTake(store.i32, LOCK_WORD, DEAD);
      expect(configLockFree(store, DEAD)).toBe(true);
      expect(textOf(store, 'cluster')).toBe(done.length === 0 ? 'old' : 'new!');
      for (let at = 1; at < CONFIG_COUNT_MAX; at++) {
        expect(configSet(store, bytes(`${at}`), 0, bytes('x'))).toBe(CONFIG_SET.STORED);
      }
      expect(configSet(store, bytes('more'), 0, bytes('x'))).toBe(CONFIG_SET.FULL);
      expect(configSet(store, key, 0, bytes('newer'))).toBe(CONFIG_SET.STORED);
      expect(textOf(store, 'cluster')).toBe('newer');
      expect(configDelete(store, key)).toBe(true);
      expect(textOf(store, 'cluster')).toBeNull();
    }
  });

  it('is freed with the other locks of a dead thread', () => {
    const keyspace = keyspaceMake(handlesMake());
    lockTake(keyspace.configs.i32, LOCK_WORD, DEAD);
    locksRecover(keyspace, DEAD);
    expect(configSet(keyspace.configs, bytes('a'), 0, bytes('x'))).toBe(CONFIG_SET.STORED);
  });
});
