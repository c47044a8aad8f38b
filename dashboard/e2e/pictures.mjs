// Pictures for tests, drawn in the browser: what a camera would give, with a place and a time beside the pixels.

/** A JPEG of a size; with noise it is as large as a photograph. */
export async function drawJpeg(browser, width, height, { noise = false, quality = 0.9 } = {}) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const base64 = await page.evaluate(
    async ([width, height, noise, quality]) => {
      const canvas = new OffscreenCanvas(width, height);
      const pen = canvas.getContext('2d');
      const sky = pen.createLinearGradient(0, 0, 0, height);
      sky.addColorStop(0, '#8fb3d9');
      sky.addColorStop(0.45, '#dfe7ee');
      sky.addColorStop(0.45, '#5d6f4e');
      sky.addColorStop(1, '#6f5b43');
      pen.fillStyle = sky;
      pen.fillRect(0, 0, width, height);
      pen.fillStyle = '#7d6a52';
      pen.beginPath();
      pen.moveTo(width * 0.42, height * 0.45);
      pen.lineTo(width * 0.58, height * 0.45);
      pen.lineTo(width, height);
      pen.lineTo(0, height);
      pen.fill();
      if (noise) {
        const data = pen.getImageData(0, 0, width, height);
        let seed = 7;
        for (let i = 0; i < data.data.length; i += 1) {
          seed = (seed * 1103515245 + 12345) & 0x7fffffff;
          if (i % 4 !== 3) data.data[i] = (data.data[i] + (seed >> 16) % 120) & 255;
        }
        pen.putImageData(data, 0, 0);
      }
      const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
      const bytes = new Uint8Array(await blob.arrayBuffer());
      let text = '';
      for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
      return btoa(text);
    },
    [width, height, noise, quality],
  );
  await context.close();
  return Buffer.from(base64, 'base64');
}

/** The same with an EXIF segment: how the camera was held (1 to 8), and a place. */
export function withExif(jpeg, orientation) {
  const tiff = Buffer.alloc(56);
  tiff.write('MM\0*', 0, 'latin1');
  tiff.writeUInt32BE(8, 4);
  tiff.writeUInt16BE(2, 8);
  entry(10, 0x0112, 3, 1, orientation << 16);
  entry(22, 0x8825, 4, 1, 38);
  tiff.writeUInt16BE(1, 38);
  entry(40, 0x0001, 2, 2, 0x4e000000); // GPSLatitudeRef "N"
  const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(body.length + 2, 4);
  return Buffer.concat([head, body, jpeg.subarray(2)]);

  function entry(at, tag, type, count, value) {
    tiff.writeUInt16BE(tag, at);
    tiff.writeUInt16BE(type, at + 2);
    tiff.writeUInt32BE(count, at + 4);
    tiff.writeUInt32BE(value, at + 8);
  }
}

/** Width and height of a JPEG, from its frame header. */
export function sizeOf(jpeg) {
  for (let at = 2; at < jpeg.length; ) {
    const marker = jpeg[at + 1];
    if (marker >= 0xc0 && marker <= 0xc2) return { height: jpeg.readUInt16BE(at + 5), width: jpeg.readUInt16BE(at + 7) };
    at += 2 + jpeg.readUInt16BE(at + 2);
  }
  throw new Error('no frame');
}
