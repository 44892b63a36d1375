/**
 * `--help`, made from the rows: a group per kind of option, then the extended options, then where
 * else options may stand.
 *
 * memcached's own tests look in this text for what the server can do, and take a mere mention for
 * a yes. Hence the refused options stand here by their flag, and extended ones that are refused or
 * have an empty doc do not stand here at all.
 */
import { EXTENDED_ROWS, type ExtendedRow, rowHasNegative } from './extended-options.ts';
import { GROUPS, type Group, OPTION_ROWS, type OptionRow, WITHOUT_EFFECT } from './option-rows.ts';
import { optionFlagsText } from './option-sources.ts';

const WIDTH = 90;
const INDENT = 2;
const OPTION_COLUMN = 34;
const EXTENDED_COLUMN = 28;

const HEADINGS: Readonly<Record<Group, string>> = {
  Network: 'Network',
  RESP: 'RESP',
  Admin: 'Admin port (HTTP)',
  Memory: 'Memory',
  Threads: 'Threads',
  Protocol: 'Protocol',
  Security: 'Security',
  Cluster: 'Auto-discovery',
  Process: 'Process',
  Refused: 'Not in this version (refused)',
};

/** The help, ending in a newline. */
export function helpText(version: string): string {
  const lines = [
    `flagstone ${version}: a cache server that speaks memcached and RESP`,
    '',
    'Usage: flagstone [options]',
    '       flagstone top|stats|doctor [--admin ADDRESS]   look at a running server',
    '       flagstone bench [SERVER] [options]             put a server under load',
    'Example: flagstone -m 1024 -l 127.0.0.1 -t 4',
  ];
  for (const group of GROUPS) {
    lines.push('', `${HEADINGS[group]}:`);
    for (const row of OPTION_ROWS) {
      if (row.group === group) lines.push(...entry(optionHead(row), optionDoc(row), OPTION_COLUMN));
    }
  }
  lines.push('', 'Extended options (-o name,name=value); on-off ones also as no_name:');
  for (const row of EXTENDED_ROWS) {
    if (row.kind === 'refused' || row.doc === '') continue;
    lines.push(...entry(extendedHead(row), extendedDoc(row), EXTENDED_COLUMN));
  }
  const places =
    'Every option may also stand in the environment (--max-item-size as ' +
    'FLAGSTONE_MAX_ITEM_SIZE) or in the file that --config or FLAGSTONE_CONFIG names. ' +
    'The command line wins over the environment, the environment over the file.';
  lines.push('', ...wrap(places, WIDTH));
  return `${lines.join('\n')}\n`;
}

function optionHead(row: OptionRow): string {
  if (row.kind === 'refused') return `-${row.flag}`;
  return row.flag === '' ? `    ${optionFlagsText(row)}` : optionFlagsText(row);
}

function optionDoc(row: OptionRow): string {
  if (row.kind !== 'value' || row.default === null) return row.doc;
  return `${row.doc} (default: ${row.default})`;
}

function extendedHead(row: ExtendedRow): string {
  return row.kind === 'value' ? `${row.name}=...` : row.name;
}

function extendedDoc(row: ExtendedRow): string {
  if (row.doc.startsWith(WITHOUT_EFFECT)) return row.doc;
  if (row.kind === 'switch') return `${row.doc} (default: ${row.default ? 'on' : 'off'})`;
  if (row.kind !== 'value' || row.default === null) return row.doc;
  const negative = rowHasNegative(row) ? `, no_${row.name}: ${row.negated}` : '';
  return `${row.doc} (default: ${row.default}${negative})`;
}

/** A head and its wrapped text in two columns; a head too long for its column has its own line. */
function entry(head: string, doc: string, column: number): readonly string[] {
  const [first = '', ...rest] = wrap(doc, WIDTH - column);
  const padding = ' '.repeat(column);
  const opening = `${' '.repeat(INDENT)}${head}`;
  const lines =
    opening.length + 1 < column
      ? [opening.padEnd(column) + first]
      : [opening, `${padding}${first}`];
  return [...lines, ...rest.map((line) => `${padding}${line}`)].map((line) => line.trimEnd());
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
