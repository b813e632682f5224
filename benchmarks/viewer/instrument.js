// Runs in both viewers' pages before anything of theirs: notes when pictures are on the screen, and what blocked it.
// A picture counts when the canvas itself, read back, holds different shades: what a viewer says of itself counts not.
(() => {
  const SIDE = 48;
  const SMALLEST = 150;
  const DIFFERENT = 24;
  const scratch = document.createElement("canvas");
  scratch.width = scratch.height = SIDE;
  const pen = scratch.getContext("2d", { willReadFrequently: true });

  const isLarge = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return width >= SMALLEST && height >= SMALLEST && element.checkVisibility();
  };

  const sample = (source) => {
    pen.clearRect(0, 0, SIDE, SIDE);
    // Without smoothing neighbouring slices differ even where they look alike.
    pen.imageSmoothingEnabled = false;
    drawImage.call(pen, source, 0, 0, SIDE, SIDE);
    return pen.getImageData(0, 0, SIDE, SIDE).data;
  };

  const holdsPicture = (canvas) => {
    if (canvas.width === 0 || canvas.height === 0 || !isLarge(canvas)) return false;
    const data = sample(canvas);
    let [least, greatest] = [255, 0];
    for (let at = 1; at < data.length; at += 4) {
      if (data[at] < least) least = data[at];
      if (data[at] > greatest) greatest = data[at];
    }
    return greatest - least > DIFFERENT;
  };

  const hash = (canvas) => {
    let value = 0;
    for (const shade of sample(canvas)) value = (value * 31 + shade) | 0;
    return value;
  };

  const canvases = () => [...document.querySelectorAll("canvas")].filter(holdsPicture);
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const isPreview = (image) => image.complete && image.naturalWidth > 0 && isLarge(image);

  const bench = { preview: null, firstImage: null, loaded: null, longTasks: [], isLoaded: () => false };
  window.__bench = bench;

  const watch = async () => {
    while (bench.firstImage === null) {
      await frame();
      // What is found now was there when the frame began; reading it back takes its own time, and longer without a GPU.
      const began = performance.now();
      if (!document.body) continue;
      if (bench.preview === null && [...document.images].some(isPreview)) bench.preview = began;
      if (canvases().length > 0) bench.firstImage = began;
    }
  };
  watch();

  const look = setInterval(() => {
    if (!bench.isLoaded()) return;
    bench.loaded = performance.now();
    clearInterval(look);
  }, 25);

  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) bench.longTasks.push([startTime, duration]);
  }).observe({ type: "longtask", buffered: true });

  // Both viewers put an image on the screen by drawing it onto a large 2D canvas of the page.
  const hearers = new Set();
  const { drawImage } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.drawImage = function (...what) {
    drawImage.apply(this, what);
    if (hearers.size > 0 && this.canvas.isConnected && isLarge(this.canvas)) for (const hear of hearers) hear();
  };

  const drawn = (limit) =>
    new Promise((resolve) => {
      const end = (came) => {
        hearers.delete(yes);
        clearTimeout(timer);
        resolve(came);
      };
      const yes = () => end(true);
      const timer = setTimeout(() => end(false), limit);
      hearers.add(yes);
    });

  // Turns the wheel once an image, as soon as the one before was drawn; every tenth is looked for on the canvas, which
  // takes too long for each.
  bench.scroll = async (count) => {
    const [canvas] = canvases();
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const at = { clientX: left + width / 2, clientY: top + height / 2, bubbles: true, cancelable: true };
    const target = document.elementFromPoint(at.clientX, at.clientY);
    let stuck = 0;
    let before = hash(canvas);
    const started = performance.now();
    for (let image = 1; image <= count; image += 1) {
      const came = drawn(1000);
      target.dispatchEvent(new WheelEvent("wheel", { deltaY: 100, wheelDeltaY: -120, ...at }));
      let moved = await came;
      await frame();
      if (image % 10 === 0) {
        const now = hash(canvas);
        moved &&= now !== before;
        before = now;
      }
      if (!moved) stuck += 1;
    }
    return { seconds: (performance.now() - started) / 1000, stuck };
  };

  // Calls `begin`; the time until so many pictures are there and none of them has changed for half a second.
  bench.planes = async (count, begin, limit) => {
    const started = performance.now();
    let [changed, seen] = [started, ""];
    await begin();
    while (performance.now() - started < limit) {
      await frame();
      const found = canvases();
      const now = found.map(hash).join();
      if (now !== seen) [changed, seen] = [performance.now(), now];
      if (found.length >= count && performance.now() - changed > 500) return (changed - started) / 1000;
    }
    return null;
  };
})();
