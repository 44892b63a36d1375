import { describe, expect, it } from 'vitest';
import { EXTENDED_ROWS } from '../../src/cli/extended-options.ts';
import { helpText } from '../../src/cli/help.ts';
import { OPTION_ROWS } from '../../src/cli/option-rows.ts';
import { optionsText } from '../../src/cli/options.ts';

const HELP = helpText('1.2.3');

describe('--help', () => {
  it('is printed for -h and --help, wherever it stands', () => {
    for (const argv of [['-h'], ['--help'], ['-p', '1', '-vh']]) {
      expect(optionsText(argv)).toMatch(/^flagstone \d+\.\d+\.\d+/);
    }
  });

  it('fits 90 columns of plain ASCII, without trailing spaces', () => {
    for (const line of HELP.split('\n')) expect(line).toMatch(/^$|^[ -~]{0,89}[!-~]$/);
    expect(HELP.endsWith('.\n')).toBe(true);
  });

  it('names every flag, and every option that is not refused', () => {
    for (const row of OPTION_ROWS) {
      if (row.flag !== '') expect(HELP).toContain(`\n  -${row.flag}`);
      if (row.kind !== 'refused') expect(HELP).toContain(`--${row.name}`);
    }
  });

  it('shows defaults as a user would type them', () => {
    expect(HELP).toContain('(default: 11211)');
    expect(HELP).toContain('(default: 1m)');
  });

  it('tells the tests of memcached what there is, and nothing of what there is not', () => {
    for (const word of ['unix-socket', 'enable-ssl', 'sasl']) expect(HELP).toContain(word);
    expect(HELP).not.toMatch(/ext_path|proxy_config|no_drop_privileges/i);
  });

  it('says of an extended option that changes nothing what its warning says', () => {
    const text = HELP.replaceAll(/\s+/g, ' ');
    for (const row of EXTENDED_ROWS) {
      const why = /^has no effect: (.*)$/.exec(row.warning ?? '')?.[1];
      if (why !== undefined) expect(text).toContain(`Without effect: ${why}.`);
    }
    expect(text).not.toContain('null');
  });
});
