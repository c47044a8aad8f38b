/** What the person is looking at: panel, selection, filters, colours. */

import { loadHidden, loadTheme, saveHidden, saveTheme, type Theme } from '../local/settings';

export type Panel = 'latest' | 'layers' | 'time' | 'detail' | 'group' | 'report' | 'spaces' | 'outbox';

export interface Toast {
  id: number;
  text: string;
  tone: 'good' | 'plain' | 'bad';
}

const TOAST_MS = 5_000;

export class UiState {
  panel = $state<Panel | null>(null);
  selected = $state<string | null>(null);
  /** The list from which a thing was opened, to go back to. */
  from = $state<Panel | null>(null);
  /** Things of a group that stand on one spot. */
  group = $state.raw<readonly string[]>([]);
  search = $state('');
  theme = $state<Theme>(loadTheme());
  systemDark = $state(false);
  wide = $state(false);
  readonly dark = $derived(this.theme === 'dark' || (this.theme === 'auto' && this.systemDark));
  /** Ids of layers and packs that are switched off. */
  hidden = $state.raw<ReadonlySet<string>>(new Set(loadHidden()));
  toasts = $state.raw<readonly Toast[]>([]);
  #toastId = 0;

  constructor() {
    follow('(prefers-color-scheme: dark)', (matches) => {
      this.systemDark = matches;
    });
    follow('(min-width: 900px)', (matches) => {
      this.wide = matches;
    });
  }

  open(panel: Panel): void {
    // One step of the browser's history for "something is open": a phone's back button then closes it
    // instead of leaving the map.
    if (this.panel === null && !this.wide) history.pushState({ panel: true }, '');
    this.panel = panel;
  }

  close(): void {
    if (this.panel === null) return;
    if (isPanelEntry()) history.back();
    else this.closed();
  }

  /** The panel has gone, by whatever way. */
  closed(): void {
    this.panel = null;
    this.from = null;
    this.selected = null;
    this.group = [];
  }

  backToList(): void {
    this.panel = this.from;
    this.from = null;
    this.selected = null;
  }

  toggle(panel: Panel): void {
    if (this.panel === panel) this.close();
    else this.open(panel);
  }

  select(id: string): void {
    if (this.panel !== 'detail') this.from = this.panel;
    this.selected = id;
    this.open('detail');
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    saveTheme(theme);
  }

  setShown(id: string, shown: boolean): void {
    const hidden = new Set(this.hidden);
    if (shown) hidden.delete(id);
    else hidden.add(id);
    this.hidden = hidden;
    saveHidden([...hidden]);
  }

  toast(text: string, tone: Toast['tone'] = 'plain'): void {
    const toast = { id: ++this.#toastId, text, tone };
    this.toasts = [...this.toasts.slice(-2), toast];
    setTimeout(() => {
      this.toasts = this.toasts.filter(({ id }) => id !== toast.id);
    }, TOAST_MS);
  }
}

function isPanelEntry(): boolean {
  const state: unknown = history.state;
  return typeof state === 'object' && state !== null && 'panel' in state;
}

function follow(query: string, set: (matches: boolean) => void): void {
  const media = matchMedia(query);
  set(media.matches);
  media.addEventListener('change', (event) => {
    set(event.matches);
  });
}
