// Endpoints of the content repository.

import { createMedia } from '../../api/client/media/create-media.ts';
import { download } from '../../api/client/media/download.ts';
import { downloadAnonymous } from '../../api/client/media/download-anonymous.ts';
import { getMediaConfig } from '../../api/client/media/get-media-config.ts';
import { previewUrl } from '../../api/client/media/preview-url.ts';
import { thumbnail } from '../../api/client/media/thumbnail.ts';
import { thumbnailAnonymous } from '../../api/client/media/thumbnail-anonymous.ts';
import { upload } from '../../api/client/media/upload.ts';
import { uploadTo } from '../../api/client/media/upload-to.ts';

export const mediaEndpoints = [
  upload,
  createMedia,
  uploadTo,
  download,
  downloadAnonymous,
  thumbnail,
  thumbnailAnonymous,
  getMediaConfig,
  previewUrl,
];
