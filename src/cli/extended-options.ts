/**
 * The extended options, `-o name,name=value,…`: one row each, as memcached names them. A row whose
 * field is true or false may be written `name`, `no_name` or `name=yes`.
 *
 * They are read from left to right, so `no_modern,lru_crawler` is a server without memcached's
 * modern defaults but with the crawler.
 */
import { FAULT } from '../base/errors.ts';
import type { Config } from './config.ts';
import { type SwitchField, withoutEffect } from './option-rows.ts';
import {
  booleanParse,
  decimalParser,
  integerParser,
  KIB,
  MIB,
  type Parse,
  sizeParser,
  textParse,
  wordParser,
} from './units.ts';

interface RowBase {
  readonly name: string;
  readonly doc: string;
  /**
   * Said after the option's name when it is given, because it does less here than in memcached.
   * Rows that fill a field may name, in `agrees`, the values that ask for what happens anyway.
   */
  readonly warning?: string;
}

/** Fills `field` with what `parse` makes of the value. */
type ExtendedValueRow = {
  readonly [Field in keyof Config]: RowBase & {
    readonly kind: 'value';
    readonly field: Field;
    readonly parse: Parse<Config[Field]>;
    /** Null: the field is null. */
    readonly default: string | null;
    /** What the name means without a value; where absent a value is needed. */
    readonly bare?: string;
    /** What `no_name` means; where absent there is no such name. */
    readonly negated?: string;
    readonly agrees?: readonly Config[Field][];
  };
}[keyof Config];

/** Turns `field` on, or off as `no_name`. */
interface ExtendedSwitchRow extends RowBase {
  readonly kind: 'switch';
  readonly field: SwitchField;
  readonly default: boolean;
  readonly agrees?: readonly boolean[];
}

/** Several fields at once. */
interface ExtendedPresetRow extends RowBase {
  readonly kind: 'preset';
  readonly sets: Partial<Config>;
}

/**
 *   nothing   accepted: nothing is lost
 *   ignored   accepted with the row's warning
 *   refused   the doc is the reason; a name that ends in `_` stands for all that start so
 */
interface ExtendedOtherRow extends RowBase {
  readonly kind: 'nothing' | 'ignored' | 'refused';
}

export type ExtendedRow =
  | ExtendedValueRow
  | ExtendedSwitchRow
  | ExtendedPresetRow
  | ExtendedOtherRow;

/** memcached's slab page, of which a chunk is an even part. */
export const SLAB_PAGE_BYTES = MIB;

const INT32_MAX = 2 ** 31 - 1;
const LOG_BYTES_MAX = 1024 * MIB;

const percentParse = integerParser(1, 79);
const secondsParse = integerParser(0, INT32_MAX);
/** As ssl_min_version counts: 2 is TLS 1.2, 3 is TLS 1.3. */ const NO_LRU_LISTS =
  'there are no LRU lists, but one clock hand';
const PAGES_MOVE_BY_WORTH = 'pages move by what a byte of each slab class is worth';
const CHUNKS_ARE_SMALL = 'chunks have at most 8 KiB, and larger items take several';

const kilobytesParse = sizeParser(KIB, '', KIB, LOG_BYTES_MAX);
/** 0 for the default, or what `parse` takes. */
function zeroOr(parse: Parse<number>): Parse<number> {
  return (text, label) => (text === '0' ? 0 : parse(text, label));
}

// biome-ignore format: a table reads in columns
export const EXTENDED_ROWS: readonly ExtendedRow[] = [
  { kind: 'switch',  name: 'maxconns_fast',        field: 'maxconnsFast',           default: true,  agrees: [true],
    ...withoutEffect('connections above -c are always told and closed at once') },
  { kind: 'value',   name: 'idle_timeout',         field: 'idleTimeoutSec',         default: '0',   parse: secondsParse,
    doc: 'Close connections that say nothing for so many seconds; 0: never.' },
  { kind: 'value',   name: 'read_buf_mem_limit',   field: 'readBufferBytesMax',     default: '0',   parse: sizeParser(MIB, '', 0, 64 * 1024 * MIB), agrees: [0],
    ...withoutEffect('a thread reads all its connections into one buffer') },
  { kind: 'switch',  name: 'lru_crawler',          field: 'lruCrawler',             default: true,
    doc: 'Free expired items in the background.' },
  { kind: 'value',   name: 'lru_crawler_sleep',    field: 'lruCrawlerSleepUs',      default: '100', parse: integerParser(0, 1_000_000),
    ...withoutEffect('expired items are swept ten times a second') },
  { kind: 'value',   name: 'lru_crawler_tocrawl',  field: 'lruCrawlerItemCountMax', default: '0',   parse: integerParser(0, 2 ** 32 - 1), agrees: [0],
    ...withoutEffect('expired items are found by page, not by walking a list') },
  { kind: 'switch',  name: 'lru_maintainer',       field: 'lruMaintainer',          default: true,  agrees: [true],
    ...withoutEffect(NO_LRU_LISTS) },
  { kind: 'value',   name: 'hot_lru_pct',          field: 'hotLruPct',              default: '20',  parse: percentParse,
    ...withoutEffect(NO_LRU_LISTS) },
  { kind: 'value',   name: 'warm_lru_pct',         field: 'warmLruPct',             default: '40',  parse: percentParse,
    ...withoutEffect(NO_LRU_LISTS) },
  { kind: 'value',   name: 'hot_max_factor',       field: 'hotMaxFactor',           default: '0.2', parse: decimalParser(0, 1e6),
    ...withoutEffect(NO_LRU_LISTS) },
  { kind: 'value',   name: 'warm_max_factor',      field: 'warmMaxFactor',          default: '2',   parse: decimalParser(0, 1e6),
    ...withoutEffect(NO_LRU_LISTS) },
  { kind: 'value',   name: 'temporary_ttl',        field: 'temporaryTtlSec',        default: '61',  parse: secondsParse,
    ...withoutEffect(NO_LRU_LISTS) },
  { kind: 'switch',  name: 'slab_reassign',        field: 'slabReassign',           default: true,  agrees: [true],
    ...withoutEffect('pages always move to a slab class that needs memory') },
  { kind: 'value',   name: 'slab_automove',        field: 'slabAutomove',           default: '1',   parse: integerParser(0, 2), bare: '1', negated: '0', agrees: [0, 1], warning: 'is the same as slab_automove=1',
    doc: 'Move pages between slab classes to where they are worth more: 0 no, 1 or 2 yes. Out of need they always move.' },
  { kind: 'value',   name: 'slab_automove_ratio',  field: 'slabAutomoveRatio',      default: '0.8', parse: decimalParser(0, 1),
    ...withoutEffect(PAGES_MOVE_BY_WORTH) },
  { kind: 'value',   name: 'slab_automove_window', field: 'slabAutomoveWindow',     default: '10',  parse: integerParser(3, 1800),
    ...withoutEffect(PAGES_MOVE_BY_WORTH) },
  { kind: 'value',   name: 'slab_chunk_max',       field: 'slabChunkBytesMax',      default: '512', parse: sizeParser(KIB, '', KIB, SLAB_PAGE_BYTES), agrees: [8 * KIB],
    ...withoutEffect(CHUNKS_ARE_SMALL) },
  { kind: 'preset',  name: 'no_chunked_items',     sets: { slabChunkBytesMax: SLAB_PAGE_BYTES },
    ...withoutEffect(CHUNKS_ARE_SMALL) },
  { kind: 'preset',  name: 'no_modern',            sets: { slabChunkBytesMax: SLAB_PAGE_BYTES, slabReassign: false, slabAutomove: 0, maxconnsFast: false, lruCrawler: false, lruMaintainer: false },
    warning: 'does no more than no_lru_crawler,slab_automove=0',
    doc: 'The same as no_lru_crawler,slab_automove=0; the rest of what it sets in memcached is without effect.' },
  { kind: 'switch',  name: 'track_sizes',          field: 'trackSizes',             default: false,
    doc: 'Keep the histogram that "stats sizes" shows.' },
  { kind: 'value',   name: 'watcher_logbuf_size',  field: 'watcherLogBytes',        default: '256', parse: kilobytesParse,
    doc: 'KiB that may wait for each client that watches.' },
  { kind: 'value',   name: 'worker_logbuf_size',   field: 'workerLogBytes',         default: '64',  parse: kilobytesParse,
    doc: 'KiB that may wait in each thread for the watchers.' },
  { kind: 'value',   name: 'hashpower',            field: 'hashpowerInit',          default: '0',   parse: zeroOr(integerParser(12, 32)), agrees: [0],
    ...withoutEffect('the index is sized by -m') },
  { kind: 'switch',  name: 'hashexpand',           field: 'hashExpand',             default: true,  agrees: [true],
    ...withoutEffect('the index is sized by -m') },
  { kind: 'value',   name: 'hash_algorithm',       field: 'hashAlgorithm',          default: 'keyed', parse: wordParser(['keyed', 'jenkins', 'murmur3', 'xxh3']), agrees: ['keyed'],
    ...withoutEffect('the hash is our own, keyed') },
  { kind: 'value',   name: 'tail_repair_time',     field: 'tailRepairTimeSec',      default: '0',   parse: zeroOr(integerParser(10, INT32_MAX)), agrees: [0],
    ...withoutEffect('no item can be lost at the end of a list here') },
  { kind: 'value',   name: 'ssl_chain_cert',       field: 'tlsChainCert',           default: null,  parse: textParse,
    doc: 'File with the server\'s certificate and its chain, PEM.' },
  { kind: 'value',   name: 'ssl_key',              field: 'tlsKey',                 default: null,  parse: textParse,
    doc: 'File with the certificate\'s private key.' },
  { kind: 'value',   name: 'ssl_keyformat',        field: 'tlsKeyFormat',           default: '1',   parse: integerParser(1, 2),
    doc: 'Format of the key: 1 PEM, 2 DER.' },
  { kind: 'value',   name: 'ssl_ca_cert',          field: 'tlsCaCert',              default: null,  parse: textParse,
    doc: 'File with the authorities that sign clients\' certificates, PEM.' },
  { kind: 'value',   name: 'ssl_verify_mode',      field: 'tlsVerifyMode',          default: '0',   parse: integerParser(0, 3),
    doc: 'Clients\' certificates: 0 not asked for, 1 asked for, 2 demanded, 3 demanded once.' },
  { kind: 'value',   name: 'ssl_ciphers',          field: 'tlsCiphers',             default: null,  parse: textParse,
    doc: 'Ciphers, in OpenSSL\'s notation.' },
  { kind: 'value',   name: 'ssl_min_version',      field: 'tlsMinVersion',          default: '2',   parse: integerParser(0, 3), agrees: [2, 3], warning: 'is taken as 2: TLS 1.2 is the oldest spoken',
    doc: 'Oldest protocol: 2 TLS 1.2, 3 TLS 1.3. 0 and 1 (TLS 1.0 and 1.1) are taken as 2.' },
  { kind: 'switch',  name: 'ssl_session_cache',    field: 'tlsSessionCache',        default: false,
    doc: 'Let clients resume TLS sessions.' },
  { kind: 'value',   name: 'ssl_wbuf_size',        field: 'tlsWriteBufferBytes',    default: '16',  parse: sizeParser(KIB, '', KIB, MIB),
    doc: 'KiB of small replies that may wait for one another on a TLS connection; what is more waits for the client.' },
  { kind: 'ignored', name: 'resp_obj_mem_limit',   ...withoutEffect('nor has it any in memcached') },
  { kind: 'ignored', name: 'slab_sizes',           ...withoutEffect('sizes follow from -n and -f') },
  { kind: 'nothing', name: 'modern',               doc: 'Without effect: these are the defaults.' },
  { kind: 'nothing', name: 'inline_ascii_resp',    doc: 'Without effect, as in memcached.' },
  { kind: 'nothing', name: 'no_inline_ascii_resp', doc: '' },
  { kind: 'nothing', name: 'relaxed_privileges',   doc: 'Without effect: there is no filter to relax.' },
  { kind: 'nothing', name: 'no_drop_privileges',   doc: '' },
  { kind: 'refused', name: 'drop_privileges',      doc: 'Node.js cannot filter its own system calls; confine the server from outside' },
  { kind: 'refused', name: 'sock_cookie_id',       doc: 'Node.js cannot mark sockets' },
  { kind: 'refused', name: 'ssl_kernel_tls',       doc: 'Node.js cannot hand TLS to the kernel' },
  { kind: 'refused', name: 'ext_',                 doc: 'storage on flash is not in this version' },
  { kind: 'refused', name: 'slab_automove_freeratio', doc: 'storage on flash is not in this version' },
  { kind: 'refused', name: 'proxy_',               doc: 'the proxy is not in this version' },
];

/** What one name in the list came to. */
export interface ExtendedSetting {
  readonly row: ExtendedRow;
  readonly sets: Partial<Config>;
  /** How a message names it: `-o hashpower=20`. */
  readonly label: string;
}

/** What to say of a setting that changes less than it asks for; null: nothing. */
export function extendedWarning({ row, sets, label }: ExtendedSetting): string | null {
  if (row.warning === undefined) return null;
  if (row.kind === 'value' || row.kind === 'switch') {
    const agrees: readonly unknown[] = row.agrees ?? [];
    if (agrees.includes(sets[row.field])) return null;
  }
  return `${label} ${row.warning}`;
}

/**
 * Reads one `-o` argument.
 *   label   of the whole option, as far as the name: `-o`, `FLAGSTONE_EXTENDED`, `my.conf:3: extended`
 */
export function extendedParse(text: string, label: string): readonly ExtendedSetting[] {
  const parts = text.split(',');
  // memcached lets a list end in a comma, and be empty.
  if (parts.at(-1)?.trim() === '') parts.pop();
  return parts.map((part) => {
    const trimmed = part.trim();
    const split = trimmed.indexOf('=');
    const name = split < 0 ? trimmed : trimmed.slice(0, split);
    const value = split < 0 ? null : trimmed.slice(split + 1);
    return settingParse(name, value, `${label} ${trimmed}`);
  });
}

function settingParse(name: string, value: string | null, label: string): ExtendedSetting {
  if (name === '') throw FAULT.optionValue(label.trim(), 'an extended option has no name');
  const exact = EXTENDED_ROWS.find((row) => row.name === name);
  if (exact !== undefined) return { row: exact, sets: rowSets(exact, value, label), label };
  const positive = name.startsWith('no_') ? name.slice(3) : '';
  for (const row of EXTENDED_ROWS) {
    if (row.kind === 'refused' && row.name.endsWith('_') && name.startsWith(row.name)) {
      throw FAULT.optionRefused(label, row.doc);
    }
    if (row.name === positive && rowHasNegative(row)) {
      if (value !== null) throw FAULT.optionValue(label, 'takes no value');
      return {
        row,
        sets: rowSets(row, row.kind === 'value' ? (row.negated ?? '') : 'no', label),
        label,
      };
    }
  }
  throw FAULT.optionValue(label, 'no such extended option; flagstone --help lists them');
}

/** Whether `no_name` is a name too. */
export function rowHasNegative(row: ExtendedRow): boolean {
  return row.kind === 'switch' || (row.kind === 'value' && row.negated !== undefined);
}

function rowSets(row: ExtendedRow, value: string | null, label: string): Partial<Config> {
  switch (row.kind) {
    case 'value': {
      const text = value ?? row.bare;
      if (text === undefined) throw FAULT.optionValue(label, `needs a value: ${row.name}=...`);
      return { [row.field]: row.parse(text, label) };
    }
    case 'switch':
      return { [row.field]: value === null || booleanParse(value, label) };
    case 'preset':
      if (value !== null) throw FAULT.optionValue(label, 'takes no value');
      return row.sets;
    case 'refused':
      throw FAULT.optionRefused(label, row.doc);
    default:
      return {};
  }
}
