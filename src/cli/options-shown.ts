/** The configuration by the names of its options, for who may see it but not its secrets. */
import type { Config } from './config.ts';
import { EXTENDED_ROWS } from './extended-options.ts';
import { OPTION_ROWS } from './option-rows.ts';

/** `secret` stands for what is secret and was given. Extended options are under `extended`. */
export function optionsShown(config: Config, secret: string): Readonly<Record<string, unknown>> {
  const shown: Record<string, unknown> = {};
  for (const row of OPTION_ROWS) {
    if (row.kind === 'value') {
      const value = config[row.field];
      shown[row.name] = row.isSecret && value !== null ? secret : value;
    } else if (row.kind === 'switch') {
      shown[row.name] = config[row.field] === row.sets;
    } else if (row.kind === 'list') {
      shown[row.name] = config.listenAddresses;
    } else if (row.kind === 'count') {
      shown[row.name] = config.verbosity;
    }
  }
  const extended: Record<string, unknown> = {};
  for (const row of EXTENDED_ROWS) {
    if (row.kind === 'value' || row.kind === 'switch') extended[row.name] = config[row.field];
  }
  shown['extended'] = extended;
  return shown;
}
