(function (w, d) {
  var s = d.currentScript, n = navigator, last;
  var to = new URL(s.dataset.to || "/event", s.src).href, site = s.dataset.site || location.hostname;
  function send(type, fields) {
    if (n.doNotTrack == "1" || n.globalPrivacyControl) return;
    var e = { site_id: site, event_type: type, path: location.pathname.slice(0, 500) }, r;
    try { r = new URL(d.referrer).hostname; } catch (_) {}
    if (r && r != location.hostname) e.source = r;
    for (r in fields) e[r] = fields[r];
    var key = s.dataset.key, h = { "Content-Type": "text/plain" };
    if (key) h.Authorization = "Bearer " + key;
    fetch(to, { method: "POST", body: JSON.stringify(e), headers: h, keepalive: true, credentials: "omit" }).catch(function () {});
  }
  function view() {
    if (last != location.pathname) { last = location.pathname; send("pageview"); }
  }
  w.rollup = send;
  var push = history.pushState;
  history.pushState = function () { push.apply(history, arguments); view(); };
  w.addEventListener("popstate", view);
  if (d.visibilityState == "prerender") d.addEventListener("visibilitychange", view); else view();
})(window, document);
