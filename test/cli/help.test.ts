import { describe, expect, it } from 'vitest';
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

  it('tells the tests of memcached what there is: a unix socket, and none of the rest', () => {
    expect(HELP).toContain('unix-socket');
    expect(HELP).not.toMatch(/sasl|enable-ssl|ext_path|proxy_config|no_drop_privileges/i);
  });
});
