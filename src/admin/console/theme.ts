/** Light or dark: as the system has it, or as was chosen here, which is remembered. */

export type Theme = 'auto' | 'light' | 'dark';

const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];
const STORED = 'flagstone-theme';

let chosen: Theme = themeStored();

export function themeChosen(): Theme {
  return chosen;
}

export function themeNext(): Theme {
  return THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length];
}

export function themeChoose(theme: Theme): void {
  chosen = theme;
  themeApply();
  try {
    localStorage.setItem(STORED, theme);
  } catch {
    // A browser that keeps nothing for this site: then it is chosen for as long as the page is open.
  }
}

export function themeApply(): void {
  document.documentElement.dataset['theme'] = chosen;
  // Canvases do not follow the style sheets by themselves.
  window.dispatchEvent(new Event('themechange'));
}

function themeStored(): Theme {
  try {
    const stored = localStorage.getItem(STORED);
    return THEMES.find((theme) => theme === stored) ?? 'auto';
  } catch {
    return 'auto';
  }
}
