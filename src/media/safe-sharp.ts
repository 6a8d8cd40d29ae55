// libvips for images of strangers: one thread for each, no cache, and only the decoders that are needed, from files.
// Slow to load: imported where the first image is worked on.

import sharp from 'sharp';

sharp.cache(false);
sharp.concurrency(1);
// Decoders of other formats, with their histories of bugs, stay out of reach.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegFile',
    'VipsForeignLoadPngFile',
    'VipsForeignLoadWebpFile',
    'VipsForeignLoadNsgifFile',
    'VipsForeignLoadHeifFile',
  ],
});

export { sharp };
