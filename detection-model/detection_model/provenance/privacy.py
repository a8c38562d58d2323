"""Which metadata may be shown to anyone. What is not known to be harmless is personal."""

import re

# EXIF, XMP and IPTC names of settings, software and dates. Left out on purpose: places, names,
# serial numbers, unique ids, host names, captions, comments and makers' notes.
_NAMES = """
ImageWidth ImageLength ImageHeight BitsPerSample Compression PhotometricInterpretation
Orientation SamplesPerPixel XResolution YResolution ResolutionUnit YCbCrPositioning
YCbCrSubSampling ColorSpace ExifImageWidth ExifImageHeight PixelXDimension
PixelYDimension ComponentsConfiguration PlanarConfiguration NativeDigest ICCProfile
ICCProfileName ColorMode Format InteropIndex InteropVersion
Make Model LensMake LensModel LensSpecification LensInfo Lens ExposureTime FNumber
ExposureProgram ISOSpeedRatings PhotographicSensitivity SensitivityType ISOSpeed
RecommendedExposureIndex ShutterSpeedValue ApertureValue BrightnessValue
ExposureBiasValue MaxApertureValue SubjectDistance SubjectDistanceRange MeteringMode
LightSource Flash FocalLength FocalLengthIn35mmFilm FocalPlaneXResolution
FocalPlaneYResolution FocalPlaneResolutionUnit SensingMethod FileSource SceneType
CustomRendered ExposureMode WhiteBalance DigitalZoomRatio SceneCaptureType GainControl
Contrast Saturation Sharpness CompositeImage
Software ProcessingSoftware CreatorTool Producer OriginatingProgram ProgramVersion
ExifVersion FlashPixVersion xmptk DateTime DateTimeOriginal DateTimeDigitized CreateDate
ModifyDate MetadataDate DateCreated OffsetTime OffsetTimeOriginal OffsetTimeDigitized
SubsecTime SubsecTimeOriginal SubsecTimeDigitized Rating
DigitalSourceType DigitalSourceFileType AIGC
"""
_HARMLESS = frozenset(_NAMES.lower().split())
_USER_FOLDER = re.compile(r"(?i)((?:[a-z]:)?[\\/]+(?:users|home)[\\/]+)[^\\/\"'\s]+")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")


def is_harmless(name: str) -> bool:
    """A field of this name (without its prefix) tells nothing of a person."""
    return name.rpartition(":")[2].lower() in _HARMLESS


def scrubbed(text: str) -> str:
    """A generator's own text without e-mail addresses and the names in users' folders."""
    return _EMAIL.sub("…@…", _USER_FOLDER.sub(r"\1…", text))
