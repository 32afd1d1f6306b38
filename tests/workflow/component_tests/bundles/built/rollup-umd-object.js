(function (global, factory) {
  typeof exports === 'object' && typeof module !== 'undefined' ? module.exports = factory() :
  typeof define === 'function' && define.amd ? define(factory) :
  (global = typeof globalThis !== 'undefined' ? globalThis : global || self, global.Acme = factory());
})(this, (function () { 'use strict';

  function loadSdk(src) {
    return new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.async = true; script.src = src; script.onload = () => resolve(window.AcmeSdk); script.onerror = reject;
      document.head.appendChild(script);
    });
  }
  const version = '1.2.3';

  let sdk;
  const plugin = {
    name: 'Acme Insights', version, type: 'destination',
    isLoaded: () => Boolean(sdk),
    async load() { sdk = await loadSdk('https://cdn.acme.example/sdk/v2.js'); },
    track(ctx) { sdk.track(ctx.event.event, { ...ctx.event.properties }); return ctx; },
  };

  return plugin;

}));
