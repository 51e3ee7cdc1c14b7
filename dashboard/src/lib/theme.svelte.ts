export type ThemeChoice = 'system' | 'light' | 'dark';

const KEY = 'temps-theme';

/** Light, dark, or what the system has. `static/theme.js` sets it before the first paint. */
class Theme {
  choice = $state<ThemeChoice>('system');
  dark = $state(false);
  #system: MediaQueryList;

  constructor() {
    this.#system = matchMedia('(prefers-color-scheme: dark)');
    this.choice = stored();
    this.#apply();
    this.#system.addEventListener('change', () => this.#apply());
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    try {
      if (choice === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, choice);
    } catch {
      // Storage may be forbidden; the choice holds until the page is left.
    }
    this.#apply();
  }

  /** The other one than is shown now. */
  toggle(): void {
    this.choose(this.dark ? 'light' : 'dark');
  }

  #apply(): void {
    this.dark = this.choice === 'dark' || (this.choice === 'system' && this.#system.matches);
    const root = document.documentElement;
    root.dataset.theme = this.dark ? 'dark' : 'light';
    root.style.colorScheme = root.dataset.theme;
  }
}

function stored(): ThemeChoice {
  try {
    const choice = localStorage.getItem(KEY);
    return choice === 'light' || choice === 'dark' ? choice : 'system';
  } catch {
    return 'system';
  }
}

let theme: Theme | undefined;

/** The theme of this document; made at the first call, since there is no document while the application is built. */
export function useTheme(): Theme {
  theme ??= new Theme();
  return theme;
}
