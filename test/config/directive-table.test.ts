import { describe, expect, it } from 'vitest';
import { DIRECTIVE } from '../../src/config/directive.ts';
import {
  DIRECTIVE_ENTRIES,
  DIRECTIVE_ROWS,
  directiveFind,
} from '../../src/config/directive-table.ts';
import { HotSettings, RespConfig } from '../../src/config/resp-config.ts';

describe('the table of directives', () => {
  it('finds names and aliases in either case', () => {
    expect(directiveFind('MaxMemory')?.row.name).toBe('maxmemory');
    expect(directiveFind('slave-priority')).toEqual({
      name: 'slave-priority',
      row: directiveFind('replica-priority')?.row,
    });
    expect(directiveFind('nothing')).toBeUndefined();
  });

  it('has a sentence for what has an effect, and a reason for what has none', () => {
    for (const { name, flags, does } of DIRECTIVE_ROWS) {
      const isIdle = (flags & (DIRECTIVE.IDLE | DIRECTIVE.REFUSED)) !== 0;
      expect(does, name).toMatch(isIdle ? /[^.]$/ : /^[A-Z].*\.$/);
    }
  });

  it('reads every default, and every canonical text again', () => {
    const config = new RespConfig();
    for (const row of DIRECTIVE_ROWS) {
      expect(config.isDefault(row), row.name).toBe(true);
      const text = config.text(row);
      const result = config.parse(row, row.type.isMany ? text.split(' ') : [text], true);
      expect(result, row.name).toMatchObject({ text, problem: null });
    }
  });

  it('knows what the defaults of Redis are', () => {
    const { settings } = new RespConfig();
    expect(settings.maxmemory).toBe(0);
    expect(settings.maxmemoryPolicy).toBe('noeviction');
    expect(settings.bind).toEqual(['*', '-::*']);
    expect(settings.save[0]).toEqual({ seconds: 3600, changes: 1 });
    expect(settings.clientOutputBufferLimit.pubsub).toEqual({
      hardBytes: 33554432,
      softBytes: 8388608,
      softSeconds: 60,
    });
    expect(settings.unixsocketperm).toBe(0);
    expect(settings.latencyTrackingInfoPercentiles).toEqual([50, 99, 99.9]);
  });

  it('keeps what is hot in sight', () => {
    const config = new RespConfig();
    config.change('hash-max-ziplist-entries', '21');
    expect(config.hot.hashMaxListpackEntries).toBe(21);
    for (const field of Object.keys(new HotSettings()) as (keyof HotSettings)[]) {
      expect(config.hot[field]).toBe(config.settings[field]);
    }
  });

  it('crosses threads as an image', () => {
    const config = new RespConfig();
    config.path = '/etc/redis.conf';
    config.change('maxmemory-clients', '5%');
    config.change('save', '');
    config.renames.push({ from: 'flushdb', to: 'badger', place: '' });
    const other = RespConfig.fromImage(structuredClone(config.image()));
    expect(other.image()).toEqual(config.image());
    expect(other.settings).toEqual(config.settings);
    expect(other.settings.maxmemoryClients).toBe(-5);
  });

  it('names each entry once', () => {
    expect(new Set(DIRECTIVE_ENTRIES.map(({ name }) => name)).size).toBe(DIRECTIVE_ENTRIES.length);
  });
});
