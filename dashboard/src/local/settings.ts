/** Small choices of the person, in localStorage. Storage that is switched off is no error. */

export type Theme = 'auto' | 'light' | 'dark';

const KEYS = { theme: 'fieldkit.theme', name: 'fieldkit.name', hidden: 'fieldkit.hidden-layers' };

export function loadTheme(): Theme {
  const stored = read(KEYS.theme);
  return stored === 'light' || stored === 'dark' ? stored : 'auto';
}

export function saveTheme(theme: Theme): void {
  write(KEYS.theme, theme === 'auto' ? null : theme);
}

/** The name a person goes by; empty when none was given. */
export function loadName(): string {
  return read(KEYS.name) ?? '';
}

export function saveName(name: string): void {
  write(KEYS.name, name || null);
}

/** Ids of layers and map packs that are switched off. */
export function loadHidden(): string[] {
  try {
    const stored: unknown = JSON.parse(read(KEYS.hidden) ?? '[]');
    return Array.isArray(stored) ? stored.filter((item) => typeof item === 'string') : [];
  } catch {
    return [];
  }
}

export function saveHidden(ids: readonly string[]): void {
  write(KEYS.hidden, ids.length ? JSON.stringify(ids) : null);
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Private windows and full disks: the choice holds until the tab is closed.
  }
}
