// Runs before the first paint, so that a chosen theme never flashes. Swagger UI's page uses it too.
(() => {
  let theme = 'system';
  try {
    theme = localStorage.getItem('driftsentry.theme') ?? theme;
  } catch {
    // Storage may be forbidden: the system's theme it is.
  }
  document.documentElement.dataset.theme = theme;
})();
