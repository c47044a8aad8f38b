/**
 * A picture from the phone's camera, made small enough for a narrow link. Drawing it anew also leaves behind all that a
 * camera writes beside the pixels: where and when it was taken, and with whose phone.
 */

const LONGEST_SIDE = 2048;
const TYPE = 'image/jpeg';
const QUALITY = 0.82;

export interface Picture {
  bytes: Uint8Array;
  type: string;
}

/** Rejects where the browser cannot read the file as a picture. */
export async function shrinkPicture(file: Blob): Promise<Picture> {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    await image.decode(); // upright, as the camera was held
    const scale = Math.min(1, LONGEST_SIDE / Math.max(image.naturalWidth, image.naturalHeight));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
    canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no canvas');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => {
      canvas.toBlob(done, TYPE, QUALITY);
    });
    // What cannot be made is a PNG instead, or nothing.
    if (blob?.type !== TYPE) throw new Error('no JPEG');
    return { bytes: new Uint8Array(await blob.arrayBuffer()), type: TYPE };
  } finally {
    URL.revokeObjectURL(url);
  }
}
