"""How films may be coded, as libavcodec names it."""

VIDEO_CODECS = ("h264", "hevc", "vp9", "av1")
SOUND_CODECS = (
    *("aac", "mp3", "opus", "vorbis", "alac", "flac", "ac3", "eac3", "amr_nb", "amr_wb"),
    *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be"),
    *("pcm_u8", "pcm_s8", "pcm_alaw", "pcm_mulaw"),
)
