/** What keys do: a model and a key → another model, and what else is to be done. */
import { type Sort, type TopModel, VIEW_NAMES } from './model.ts';
import { viewOf } from './views.ts';

/** `look`: ask the server now; `draw`: draw everything anew; `sample`: have hot keys sampled. */
export type Effect = 'none' | 'look' | 'draw' | 'sample' | 'suspend' | 'quit';

export type Pressed = { readonly model: TopModel; readonly effect: Effect };

/** What of the frame that is shown a key needs to know. */
export type Shown = { readonly scrollMax: number; readonly page: number };

const INTERVALS_SEC = [0.5, 1, 2, 3, 5, 10, 30, 60];
const FILTER_CHARS_MAX = 40;

type Binding = (model: TopModel, shown: Shown) => Pressed;

export function keyPress(model: TopModel, key: string, shown: Shown): Pressed {
  if (key === 'Ctrl-C') return { model, effect: 'quit' };
  if (key === 'Ctrl-Z') return { model, effect: 'suspend' };
  if (key === 'Ctrl-L') return { model, effect: 'draw' };
  if (model.isFilterOpen) return filterPress(model, key);
  if (model.isHelpShown) {
    const effect = key === 'q' || key === 'F10' ? 'quit' : 'none';
    return { model: { ...model, isHelpShown: false }, effect };
  }
  return BINDINGS.get(key)?.(model, shown) ?? { model, effect: 'none' };
}

/** While a filter is typed, each letter is one of it. */
function filterPress(model: TopModel, key: string): Pressed {
  const kept = (change: Partial<TopModel>): Pressed => ({
    model: { ...model, scroll: 0, ...change },
    effect: 'none',
  });
  if (key === 'Enter') return kept({ isFilterOpen: false });
  if (key === 'Escape') return kept({ isFilterOpen: false, filter: '' });
  if (key === 'Backspace') return kept({ filter: Array.from(model.filter).slice(0, -1).join('') });
  if (key === 'Ctrl-U') return kept({ filter: '' });
  const isLetter = Array.from(key).length === 1;
  const isRoom = model.filter.length < FILTER_CHARS_MAX;
  return isLetter && isRoom ? kept({ filter: model.filter + key }) : kept({});
}

function changed(change: (model: TopModel, shown: Shown) => Partial<TopModel>): Binding {
  return (model, shown) => ({ model: { ...model, ...change(model, shown) }, effect: 'none' });
}

function effected(effect: Effect): Binding {
  return (model) => ({ model, effect });
}

/** Another table begins at its top, without the filter of the last, and its rows are asked for at once. */
function viewed(at: (now: number) => number): Binding {
  return (model) => {
    const view = VIEW_NAMES[at(VIEW_NAMES.indexOf(model.view))];
    return { model: { ...model, view, scroll: 0, filter: '' }, effect: 'look' };
  };
}

function viewedBeside(step: number): Binding {
  return viewed((now) => (now + step + VIEW_NAMES.length) % VIEW_NAMES.length);
}

function scrolled(to: (now: number, shown: Shown) => number): Binding {
  return changed(({ scroll }, shown) => {
    const now = Math.min(scroll, shown.scrollMax);
    return { scroll: Math.max(0, Math.min(shown.scrollMax, to(now, shown))) };
  });
}

function sorted(change: (sort: Sort, columns: readonly string[]) => Sort): Binding {
  return changed((model) => {
    const { columns, sort, name } = viewOf(model.view);
    return {
      sorts: { ...model.sorts, [name]: change(model.sorts[name] ?? sort, columns) },
      scroll: 0,
    };
  });
}

function sortedBeside(step: number): Binding {
  return sorted(({ column }, columns) => {
    const at = columns.indexOf(column) + step + columns.length;
    return { column: columns[at % columns.length], isReversed: false };
  });
}

const reversed = sorted((sort) => ({ ...sort, isReversed: !sort.isReversed }));
/** The wait that has begun was the old one: so the server is asked now. */
function paced(next: (now: number) => number | undefined): Binding {
  return (model) => {
    const intervalSec = next(model.intervalSec) ?? model.intervalSec;
    return { model: { ...model, intervalSec }, effect: model.isPaused ? 'none' : 'look' };
  };
}

const slower = paced((now) => INTERVALS_SEC.find((sec) => sec > now));
const faster = paced((now) => INTERVALS_SEC.findLast((sec) => sec < now));
const filterOpened = changed(() => ({ isFilterOpen: true, scroll: 0 }));
const filterDropped = changed(() => ({ filter: '', scroll: 0 }));
const helped = changed(() => ({ isHelpShown: true }));
const paused: Binding = (model) => ({
  model: { ...model, isPaused: !model.isPaused },
  effect: model.isPaused ? 'look' : 'none',
});
const sampled: Binding = (model) => ({
  model: { ...model, view: 'hotkeys', scroll: 0, filter: '' },
  effect: 'sample',
});

const BINDINGS: ReadonlyMap<string, Binding> = new Map([
  ...VIEW_NAMES.map((_, at): [string, Binding] => [`${at + 1}`, viewed(() => at)]),
  ['Tab', viewedBeside(1)],
  ['Right', viewedBeside(1)],
  ['Shift-Tab', viewedBeside(-1)],
  ['Left', viewedBeside(-1)],
  ['Up', scrolled((now) => now - 1)],
  ['Down', scrolled((now) => now + 1)],
  ['k', scrolled((now) => now - 1)],
  ['j', scrolled((now) => now + 1)],
  ['PageUp', scrolled((now, { page }) => now - page)],
  ['PageDown', scrolled((now, { page }) => now + page)],
  ['Home', scrolled(() => 0)],
  ['End', scrolled((_, { scrollMax }) => scrollMax)],
  ['<', sortedBeside(-1)],
  ['>', sortedBeside(1)],
  ['F6', sortedBeside(1)],
  ['r', reversed],
  ['R', reversed],
  ['I', reversed],
  ['/', filterOpened],
  ['F4', filterOpened],
  ['Escape', filterDropped],
  [' ', paused],
  ['p', paused],
  ['+', slower],
  ['=', slower],
  ['-', faster],
  ['s', sampled],
  ['h', helped],
  ['?', helped],
  ['F1', helped],
  ['q', effected('quit')],
  ['F10', effected('quit')],
]);
