"""What each placeholder of the phrase language stands for: fixed expressions, written here and nowhere else.

Every expression is bounded, so that matching costs time in proportion to the text.
"""

import re
from functools import lru_cache
from itertools import pairwise

from harness.records.phrases import words

_SMALL_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ROUND_NUMBERS = "fifteen|twenty|thirty|forty|fifty|sixty|ninety|hundred|thousand|million"
_START = r"(?<!\d)(?<!\d[.,])"
_DIGITS = rf"{_START}\d[\d,.\u202f]{{0,18}}"
_NUMBER = rf"(?:{_DIGITS}(?<![,.])(?:\s?[kKMB]\b)?|\b(?:{'|'.join(_SMALL_NUMBERS)}|{_ROUND_NUMBERS})\b)"
_TIME = (
    r"(?:ms|milliseconds?|s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|days?|nights?|weeks?|weekends?|"
    r"months?|quarters?|years?|sprints?)\b"
)
_DURATION = rf"{_NUMBER}[\s-]?(?:business |working |engineer-|person-)?{_TIME}"
_MONEY = (
    r"(?:[$\u20ac\u00a3]\s?\d[\d,.]{0,18}(?:\s?[kKMB]\b)?|"
    rf"{_DIGITS}\s?(?:USD|EUR|GBP|dollars?|euros?)\b)"
)
_PERCENT = rf"{_DIGITS}\s?(?:%|percent\b|per cent\b)"
_SIZE = r"(?:bytes?|[kKMGTP]i?B|gigs?|gigabytes?|megabytes?|terabytes?)\b"
_COUNTED = (
    r"(?:rps|qps|tps|req(?:uest)?s?|calls?|writes?|reads?|inserts?|quer(?:y|ies)|events?|messages?|"
    r"jobs?|hits?|rows?|records?|users?|tenants?|customers?|accounts?|clients?|devices?|sellers?|"
    r"stores?|partners?|integrators?|orders?|payments?|devs?|developers?|engineers?|people|persons?|teams?|services?|pods?|"
    r"workers?|threads?|connections?|instances?|containers?|nodes?|replicas?|partitions?|tables?|files?|"
    r"photos?|uploads?|items?|entries|documents?|words?|characters?|chars|pages?|times|attempts?|retries|"
    r"deliveries|failures?|errors?|lines?)\b"
)
_PER = rf"{_DIGITS}\s?[kKMB]?\s?(?:/|per )\s?(?:s|sec|second|min|minute|h|hour|day|week|month|year)\b"
_COUNT = rf"{_NUMBER}[\s-]?(?:[a-z]{{2,12}}[\s-])?{_COUNTED}"
_QUANTITY = "|".join([_MONEY, _PERCENT, _DURATION, rf"{_NUMBER}[\s-]?{_SIZE}", _PER, _COUNT])
_OVER = (
    r"(?:[<>\u2264\u2265]=?|\b(?:above|over|below|under|beyond|past|exceed(?:s|ed|ing)?|more than|less than|"
    r"fewer than|greater than|higher than|at least|reach(?:es|ed)?|pass(?:es|ed)?|cross(?:es|ed)?|hits?|"
    r"drops? (?:to|below|under)|grows? (?:to|past|beyond)|rises? (?:to|above|over)|up to))"
)
_ABOUT = r"(?:about |around |roughly |approximately |some |~\s?|\u2248\s?)?"
_THRESHOLD = rf"{_OVER}\s{{0,3}}{_ABOUT}[$\u20ac\u00a3]?{_NUMBER}"
_ENDPOINT = (
    r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s{1,3}`?/?[\w/{}:.?=&-]{1,80}|"
    r"(?<![\w/.])/(?:v\d|api)/[\w/{}:.-]{1,80}|`/[a-z][\w/{}:.?=&-]{1,80}`"
)
_CAPITALISED = (
    r"REST|Rust|Rails|Spring|Node|Temporal|Vault|Clerk|Go(?! (?:with|for|live|to|through|back|ahead)\b)"
)
_TECHNOLOGIES = (
    r"postgres(?:ql)?|mysql|mariadb|sqlite|sql server|oracle|mongo(?:db)?|dynamodb|cassandra|scylladb|"
    r"cockroachdb|redis|valkey|memcached|elasticsearch|opensearch|meilisearch|typesense|algolia|solr|"
    r"clickhouse|bigquery|snowflake|redshift|timescale(?:db)?|duckdb|neo4j|pgvector|kafka|redpanda|rabbitmq|"
    r"nats|sqs|sns|kinesis|eventbridge|pub/sub|pubsub|celery|sidekiq|airflow|debezium|lambda|s3|gcs|r2|minio|"
    r"cloudfront|cloudflare|fastly|nginx|envoy|haproxy|kubernetes|ecs|fargate|docker|terraform|grpc|graphql|"
    r"websockets?|sse|server-sent events|long polling|webhooks?|auth0|keycloak|cognito|okta|workos|kms|"
    r"pusher|ably|firebase|supabase|stripe|django|laravel|node\.js|kotlin|java|python|typescript|hikaricp|"
    r"pgbouncer|prometheus|grafana|sentry|datadog|opentelemetry|jwts?|oauth2?|oidc|saml|mtls|"
    rf"(?-i:{_CAPITALISED})"
)
_COMPONENTS = (
    r"mongo(?:db)?|dynamodb|cassandra|scylladb|redis|valkey|memcached|elasticsearch|opensearch|meilisearch|"
    r"typesense|algolia|solr|clickhouse|bigquery|snowflake|redshift|timescale(?:db)?|neo4j|kafka|redpanda|"
    r"rabbitmq|nats|sqs|sns|kinesis|eventbridge|pub/sub|airflow|debezium|minio|keycloak|kong|istio|etcd|"
    r"zookeeper|pulsar|flink|(?-i:Temporal|Consul|Spark)"
)

_PATTERNS = {
    "number": _NUMBER,
    "quantity": _QUANTITY,
    "money": _MONEY,
    "percent": _PERCENT,
    "duration": _DURATION,
    "threshold": _THRESHOLD,
    "endpoint": _ENDPOINT,
    "identifier": r"\b[A-Za-z]\w{0,40}_\w{1,40}\b|\b[a-z]{2,20}[A-Z]\w{0,40}\b",
    "inline": r"`[^`\n]{1,120}`",
    "label": (
        r"(?m)^[ \t]{0,12}(?:(?:[-*+\u2022]|\d{1,2}[.)])[ \t]{1,4})?"
        r"(?:\*\*[^*\n]{2,60}\*\*|\*[^*\n ][^*\n]{1,60}\*|_[^_\n ][^_\n]{1,60}_)"
    ),
    "setting": r"`\w{1,30}[_.-][\w.-]{1,60}\s?[=:]\s?[^`\s=][^`\n]{0,80}`",
    "signature": r"`\w{2,40}\(\w{2,40}(?:,\s?\w{2,40}){0,8}\)`",
    "spliced": (
        r"\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\b[^\n;]{0,160}?"
        r"(?:[\"'`]\s{0,3}(?:\+|\.|\|\||%)\s{0,3}[\w(]|[^$]\{\w|[$#]\{)"
    ),
    "status": r"\b[45]\d\d\b|\b[45]xx\b",
    "addition": rf"\b(?:{_COMPONENTS})\b",
    "technology": rf"\b(?:{_TECHNOLOGIES})\b",
}
_IGNORING_CASE = {"money", "percent", "duration", "quantity", "threshold", "addition", "technology", "number"}


@lru_cache(maxsize=len(_PATTERNS))
def pattern(name: str) -> re.Pattern[str]:
    """Give the expression of a placeholder other than `asked` and `code`, which have none."""
    return re.compile(_PATTERNS[name], re.IGNORECASE if name in _IGNORING_CASE else 0)


# ------------------------------------------------------------------ what the user said

_NAME = re.compile(r"\b(?:[A-Z][A-Za-z]+|[a-z]+[A-Z]\w*|[A-Za-z]\w*_\w+)\b")
_BEGINS = re.compile(r"(?:^|[.!?:\n]\s*|[-*]\s+)[\"'(]?$")
_VALUES = {word: str(value) for value, word in enumerate(_SMALL_NUMBERS, start=2)}
_SMALL = 13
_LONGEST_NAME = 8


@lru_cache(maxsize=256)
def asked(question: str) -> frozenset[tuple[str, ...]]:
    """Give the distinctive things of a question, each as the words that say it.

    Numbers (a number below 13 only with the first letters of the word after it: `6 dev`, `5 s`),
    identifiers, and capitalised names, unless the capital may be owed to the start of a sentence.
    """
    found: set[tuple[str, ...]] = set()
    parts = words(question)
    for (_, _, word), (_, _, after) in pairwise([*parts, (0, 0, "")]):
        if figure := value(word):
            found.add(counted(figure, after))
    for name in _NAME.finditer(question):
        starts = _BEGINS.search(question[max(0, name.start() - 6) : name.start()]) is not None
        plain = name.group()[1:].islower() and "_" not in name.group()
        if len(name.group()) > 1 and not (starts and plain and not _numbered(question, name.end())):
            found.add(tuple(word for _, _, word in words(name.group())))
    return frozenset(thing for thing in found if 0 < len(thing) <= _LONGEST_NAME and thing != ("i",))


def value(word: str) -> str:
    """Give the figure that a word stands for: `6` for `six`; empty for a word that is no number."""
    return word if word[:1].isdecimal() else _VALUES.get(word, "")


def counted(figure: str, after: str) -> tuple[str, ...]:
    """Give a number as asked things hold it: small ones with the start of what they count."""
    small = len(figure) < 3 and int(figure) < _SMALL
    return (figure, after[:3]) if small else (figure,)


def _numbered(question: str, end: int) -> bool:
    return question[end : end + 2].lstrip()[:1].isdecimal()
