/** Types of directives that consist of several words: save points, buffer limits, addresses. */
import {
  looseDecimalRead,
  memoryRead,
  memoryText,
  type Parsed,
  parsed,
  refused,
  type ValueType,
  wordQuoted,
} from './value-type.ts';

/** After `seconds` with at least `changes`. */
export type SavePoint = { readonly seconds: number; readonly changes: number };

/** `save 900 1 300 10`: lines add up; `save ""` takes all of them back. */
export function savePoints(): ValueType<readonly SavePoint[]> {
  return {
    isMany: true,
    fresh: [],
    parse(words, before) {
      if (words.length === 1 && words[0] === '') return parsed([], '');
      const numbers = words.map(looseDecimalRead);
      const isSound = numbers.every((number, at) => number !== null && number >= 1 - (at & 1));
      if (!isSound || numbers.length % 2 !== 0) return refused('Invalid save parameters');
      const points = [...before];
      for (let at = 0; at < numbers.length; at += 2) {
        points.push({ seconds: Number(numbers[at]), changes: Number(numbers[at + 1]) });
      }
      return parsed(
        points,
        points.map(({ seconds, changes }) => `${seconds} ${changes}`).join(' '),
      );
    },
    fileTexts: (text) => [text === '' ? '""' : text],
  };
}

export type BufferLimit = {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
};

/** How much may wait for a client of each class; 0: any amount. */
export type BufferLimits = {
  readonly normal: BufferLimit;
  readonly slave: BufferLimit;
  readonly pubsub: BufferLimit;
};

const CLIENT_CLASS: Readonly<Record<string, keyof BufferLimits>> = {
  normal: 'normal',
  slave: 'slave',
  replica: 'slave',
  pubsub: 'pubsub',
};
const CLIENT_CLASSES = ['normal', 'slave', 'pubsub'] as const;

/** `class hard soft seconds`, any number of times; a class that is not named keeps its limits. */
export function bufferLimits(): ValueType<BufferLimits> {
  return {
    isMany: true,
    parse(words, before) {
      if (words.length % 4 !== 0) {
        return refused('Wrong number of arguments in buffer limit configuration.');
      }
      const limits = { ...before };
      for (let at = 0; at < words.length; at += 4) {
        const name = CLIENT_CLASS[words[at].toLowerCase()];
        if (name === undefined) {
          return refused('Invalid client class specified in buffer limit configuration.');
        }
        const hard = memoryRead(words[at + 1]);
        const soft = memoryRead(words[at + 2]);
        const softSeconds = looseDecimalRead(words[at + 3]);
        if (hard === null || soft === null || softSeconds === null || softSeconds < 0) {
          const what = 'hard, soft or soft_seconds setting in buffer limit configuration.';
          return refused(`Error in ${what}`);
        }
        limits[name] = { hardBytes: Number(hard), softBytes: Number(soft), softSeconds };
      }
      return parsed(limits, CLIENT_CLASSES.map((name) => limitText(name, limits[name])).join(' '));
    },
    fileTexts: (_, limits) => CLIENT_CLASSES.map((name) => limitLine(name, limits[name])),
  };
}

function limitText(name: string, { hardBytes, softBytes, softSeconds }: BufferLimit): string {
  return `${name} ${hardBytes} ${softBytes} ${softSeconds}`;
}

function limitLine(name: string, { hardBytes, softBytes, softSeconds }: BufferLimit): string {
  const sizes = [hardBytes, softBytes].map((bytes) => memoryText(BigInt(bytes))).join(' ');
  return `${name === 'slave' ? 'replica' : name} ${sizes} ${softSeconds}`;
}

const OOM_SCORE_COUNT = 3;
const OOM_SCORE_MAX = 2000;

/** oom_score_adj of a primary, a replica and a child. */
export function oomScores(): ValueType<readonly number[]> {
  return {
    isMany: true,
    parse(words) {
      if (words.length !== OOM_SCORE_COUNT) return refused('wrong number of arguments');
      const scores = words.map((word) => looseDecimalRead(word) ?? Number.NaN);
      if (!scores.every((score) => Math.abs(score) <= OOM_SCORE_MAX)) {
        const range = `between -${OOM_SCORE_MAX} and ${OOM_SCORE_MAX}`;
        return refused(`Invalid oom-score-adj-values, elements must be ${range}.`);
      }
      return parsed(scores, scores.join(' '));
    },
  };
}

const ADDRESS_COUNT_MAX = 16;
/** All interfaces; the dash says that one which is missing does no harm. */
export const ADDRESSES_DEFAULT = '* -::*';

/** Where to listen; none: nowhere. */
export function addresses(): ValueType<readonly string[]> {
  return {
    isMany: true,
    parse(words) {
      if (words.length > ADDRESS_COUNT_MAX) return refused('Too many bind addresses specified.');
      const list = words.length === 1 && words[0] === '' ? [] : words;
      return parsed(list, list.join(' '));
    },
    fileTexts: (text) => (text === '' ? ['""'] : text === ADDRESSES_DEFAULT ? [] : [text]),
  };
}

const PORT_MAX = 65535;

/** `host port`, or `no one`. */
export function primaryAddress(): ValueType<{ host: string; port: number } | null> {
  return {
    isMany: true,
    parse(words) {
      if (words.length === 1 && words[0] === '') return parsed(null, '');
      if (words.length !== 2) return refused('wrong number of arguments');
      const [host, portText] = words;
      if (host.toLowerCase() === 'no' && portText.toLowerCase() === 'one') return parsed(null, '');
      const port = looseDecimalRead(portText);
      if (port === null || port < 0 || port > PORT_MAX) return refused('Invalid primary port');
      return parsed({ host, port }, `${host} ${port}`);
    },
    fileTexts: (text) => (text === '' ? [] : [text]),
  };
}

const PERCENTILE_NAME = 'latency-tracking-info-percentiles';

/** Which percentiles INFO latencystats shows, from 0 to 100. */
export function percentiles(): ValueType<readonly number[]> {
  return {
    isMany: true,
    parse(words) {
      if (words.length === 1 && words[0] === '') return parsed([], '');
      const list: number[] = [];
      for (const word of words) {
        const percentile = /^[-+\w.]+$/.test(word) ? Number(word) : Number.NaN;
        if (Number.isNaN(percentile)) return refused(`Invalid ${PERCENTILE_NAME} parameters`);
        if (percentile < 0 || percentile > 100) {
          return refused(`${PERCENTILE_NAME} parameters should sit between [0.0,100.0]`);
        }
        list.push(percentile);
      }
      return parsed(list, list.map(percentileText).join(' '));
    },
    fileTexts: (text) => [text === '' ? '""' : text],
  };
}

/** Up to six decimals, without zeros at the end. */
export function percentileText(percentile: number): string {
  return `${Number(percentile.toFixed(6))}`;
}

/** A directory. Whether it can be entered is seen when the process goes there. */
export function directory(): ValueType<string> {
  return {
    parse: ([word]): Parsed<string> =>
      word === '' ? refused("dir can't be empty") : parsed(word, word),
    fileTexts: (text) => (text === '' ? [] : [wordQuoted(text)]),
  };
}
