// Shows the API's document. Nothing comes from elsewhere: script, style and document are the hub's own.
"use strict";
(function () {
  const place = document.getElementById("explorer");
  const token = JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"];
  // The explorer takes itself for the whole page; here it is a part of one, below that page's heading.
  const make = document.createElement.bind(document);
  const instead = { main: "div", h1: "h2" };
  document.createElement = (name, ...more) => make(instead[name] || name, ...more);
  window.SwaggerUIBundle({
    domNode: place,
    url: place.dataset.document,
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    filter: true,
    validatorUrl: null,
    requestInterceptor: function (request) {
      if (!["GET", "HEAD"].includes(request.method) && request.url.startsWith(location.origin)) {
        request.headers["X-CSRFToken"] = token;
      }
      return request;
    },
  });
})();
