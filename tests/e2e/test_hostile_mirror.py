"""A phone that sends something else than its own screen: the desk shows an empty page and nothing of it gets out."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.e2e.instance import Instance
from tests.e2e.people import Camera, OperatorAtDesk, SellerOnPhone

HOSTILE_SCREEN = """
(() => {
  const send = RTCDataChannel.prototype.send;
  const element = (id, tagName, attributes, childNodes = [], more = {}) =>
    ({type: 2, id, tagName, attributes, childNodes, ...more});
  const text = (id, textContent) => ({type: 3, id, textContent});
  const evil = (path) => 'https://evil.example/' + path;
  const body = [
    element(10, 'script', {}, [text(11, 'parent.hacked = 1')]),
    element(12, 'img', {src: evil('img.png'), onerror: 'parent.hacked = 2'}),
    element(13, 'iframe', {src: evil('frame'), srcdoc: '<script>top.hacked = 3</' + 'script>'}),
    element(14, 'video', {src: evil('video.mp4'), poster: evil('poster.png'), autoplay: true}),
    element(15, 'form', {action: evil('form')}, [element(16, 'button', {autofocus: true}, [text(17, 'hostile')])]),
    element(18, 'object', {data: evil('object')}),
    element(19, 'svg', {}, [element(20, 'image', {href: evil('svg.png')}, [], {isSVG: true})], {isSVG: true}),
    element(21, 'img', {src: '/v1/operator/logout'}),
    element(22, 'dialog', {open: '', rr_open_mode: 'modal'}, [element(23, 'input', {type: 'text'})]),
  ];
  const head = [
    element(5, 'meta', {'http-equiv': 'refresh', content: '0;url=' + evil('refresh')}),
    element(6, 'base', {href: evil('')}),
    element(7, 'style', {_cssText: `@import url(${evil('a.css')}); body{background:\\\\75rl(${evil('b.png')})}`}),
    element(8, 'link', {rel: 'stylesheet', href: evil('link.css')}),
  ];
  const page = element(3, 'html', {}, [
    element(4, 'head', {}, head), element(9, 'body', {onload: 'top.hacked = 4'}, body)]);
  const events = [
    {type: 4, data: {href: 'javascript:1', width: 390, height: 844}, timestamp: 1},
    {type: 2, data: {node: {type: 0, id: 1, childNodes: [page]}, initialOffset: {top: 0, left: 0}}, timestamp: 2},
    {type: 3, timestamp: 3, data: {source: 0, texts: [], adds: [], removes: [], attributes: [
      {id: 12, attributes: {src: evil('late.png')}},
      {id: 9, attributes: {style: {background: `url(${evil('c.png')})`}}}]}},
  ];
  RTCDataChannel.prototype.send = function (data) {
    if (this.label !== 'mirror') return send.call(this, data);
    for (const event of events) send.call(this, '.' + JSON.stringify(event));
  };
})();
"""


def test_a_hostile_screen_runs_nothing_and_reaches_nobody(
    browser: Browser, instance: Instance, camera: Camera
) -> None:
    """No script runs, no address outside is asked for, the keyboard stays with the desk, the camera is still seen."""
    ordered = instance.order()
    seller = SellerOnPhone(browser, camera)
    operator = OperatorAtDesk(browser)
    asked: list[str] = []
    operator.page.on("request", lambda request: asked.append(request.url))
    try:
        seller.page.add_init_script(HOSTILE_SCREEN)
        seller.open(ordered["seller_link"])
        seller.begin()
        seller.page.wait_for_selector("[data-screen=camera]")
        operator.sign_in(instance)
        operator.open_case(instance, ordered["id"])
        operator.press("c")
        operator.see("Release")
        operator.press("v")
        seller.page.click("#call-accept")
        screen = operator.page.frame_locator(".mirror iframe")
        screen.get_by_text("hostile").wait_for()
        operator.page.wait_for_function(
            "() => [...document.querySelectorAll('.camera-side video')].some((video) => video.videoWidth > 0)"
        )

        assert operator.page.locator(".mirror iframe").get_attribute("sandbox") == "allow-same-origin"
        assert operator.page.evaluate("window.hacked ?? null") is None
        assert [url for url in asked if "evil.example" in url or url.endswith("/logout")] == []
        for forbidden in (
            "script",
            "iframe",
            "object",
            "base",
            "meta",
            "link",
            "[onerror]",
            "[onload]",
            "[action]",
        ):
            assert screen.locator(forbidden).count() == 0, forbidden
        assert "evil" not in screen.locator("html").evaluate("(page) => page.outerHTML")
        # A dialog that opens on the phone does not take the desk's keyboard away.
        assert operator.page.evaluate("document.activeElement.tagName") != "IFRAME"
        operator.press("v")
        operator.see("Call ended.")
        assert operator.errors == []
    finally:
        seller.context.close()
        operator.context.close()
