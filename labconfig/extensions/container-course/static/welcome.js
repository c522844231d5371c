// Reads the welcome page again while it is on the screen, and shows it anew when it has changed.
//
// A prebuilt JupyterLab extension, written by hand: it takes nothing from JupyterLab but the
// application it is given, so there is nothing to build. The form is module federation's container:
// https://jupyterlab.readthedocs.io/en/stable/extension/extension_dev.html#prebuilt-extensions
(() => {
  const PAGE = 'Welcome.md';
  const EVERY_MS = 2000;

  const shown = app =>
    [...app.shell.widgets('main')].filter(one => one.context?.path === PAGE && one.isVisible);

  const refresh = async app => {
    for (const { context } of shown(app)) {
      const now = await app.serviceManager.contents.get(PAGE);
      if (context.isReady && !context.isDisposed && now.content !== context.model.toString()) {
        await context.revert();
      }
    }
  };

  const activate = app => {
    let reading = false;
    setInterval(async () => {
      if (reading || document.hidden) {
        return;
      }
      reading = true;
      // A server that is busy or gone is JupyterLab's to tell of.
      await refresh(app).catch(() => undefined);
      reading = false;
    }, EVERY_MS);
  };

  const plugin = { id: 'container-course:welcome', autoStart: true, activate };
  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB['container-course'] = {
    init: () => undefined,
    get: async () => () => ({ __esModule: true, default: plugin })
  };
})();
