// Sets the theme before anything is painted. `src/lib/theme.svelte.ts` changes it later.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('temps-theme');
  } catch {
    // Storage may be forbidden; the system's theme is used then.
  }
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  const root = document.documentElement;
  root.dataset.theme = dark ? 'dark' : 'light';
  root.style.colorScheme = root.dataset.theme;
})();
