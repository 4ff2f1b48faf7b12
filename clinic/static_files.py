"""Static files of production: each name holds the sum of its content, in the imports of our modules as well."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

# A module that is imported by its plain name would be another one than that of the page, and run twice.
OUR_IMPORTS = ("js/*.js", ((r'(?P<matched>from "(?P<url>\./[\w-]+\.js)";)', 'from "%(url)s";'),))


class Storage(CompressedManifestStaticFilesStorage):
    patterns = (*CompressedManifestStaticFilesStorage.patterns, OUR_IMPORTS)
