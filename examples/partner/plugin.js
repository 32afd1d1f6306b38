/* The web plugin: it keeps what it is given until the partner's own code on the page asks for it. */
(function (root, make) {
  root.AcmeInsights = make(root);
})(typeof globalThis === "undefined" ? self : globalThis, function (root) {
  "use strict";
  var waiting = null;

  function keep(context) {
    waiting.push(context.event);
    return context;
  }

  return {
    name: "Acme Insights",
    version: "1.0.0",
    type: "destination",
    isLoaded: function () {
      return waiting !== null;
    },
    load: function () {
      waiting = root.acmeInsightsEvents = root.acmeInsightsEvents || [];
      return Promise.resolve();
    },
    identify: keep,
    page: keep,
    track: keep,
  };
});
