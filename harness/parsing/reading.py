"""YAML and JSON into records and back; the one owner of `pydantic`.

People's files are read strictly, and everything wrong with a file is said at once, with its line.
"""

import ast
import difflib
import functools
import inspect
import itertools
import json
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType, NoneType, UnionType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from harness.errors import Fault, InputError
from harness.parsing.yamltext import Document, Path, parse, place
from harness.records.inputs import Dataset, Eval, Rubric
from harness.records.published import PublishedReport
from harness.records.record import Record

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import ErrorDetails
    from pydantic_core.core_schema import DataclassSchema
    from typing_extensions import TypeForm

T = TypeVar("T")

_adapter: Final[Callable[[object], TypeAdapter[Any]]] = functools.cache(TypeAdapter)

SCHEMAS: Final[Mapping[str, type]] = MappingProxyType(
    {"dataset": Dataset, "rubric": Rubric, "eval": Eval, "report": PublishedReport}
)
"""The files that people write, and the one that programs read, by the name of their JSON Schema."""


def read(kind: "TypeForm[T]", text: str, *, source: str) -> T:
    """Read a YAML file of `kind`: Dataset, Rubric or Eval; `source` names it in the errors.

    Raises InputError with every fault of the file: of the YAML, of the fields, of the records' own rules,
    and of case ids that occur twice. A value that is already at fault as YAML is not faulted again.
    """
    document = parse(text)
    validated: tuple[T, tuple[Fault, ...]] = _validated(kind, document)
    record, invalid = validated
    at_fault = {fault.path for fault in document.faults}
    faults = (*document.faults, *(fault for fault in invalid if fault.path not in at_fault))
    if kind == Dataset:
        faults = (*faults, *_repeated_ids(document))
    if faults:
        raise InputError.of_file(source, faults)
    return record


def from_json(kind: "TypeForm[T]", text: str, *, source: str = "stored record") -> T:
    """Read a record of `kind`, or a union of records such as Outcome, from what `to_json` wrote.

    Raises InputError when the text is not JSON or not such a record.
    """
    try:
        record: T = _adapter(kind).validate_json(text, strict=True)
    except ValidationError as error:
        document = Document(value=None, lines={}, faults=())
        faults = tuple(_fault(kind, detail, document) for detail in error.errors(include_url=False))
        raise InputError.of_file(source, faults) from error
    return record


def get_ready(kind: "TypeForm[T]") -> None:
    """Build the reader of a kind before there is anything to read: for a large one it takes 50 ms."""
    _adapter(kind)


def to_json(record: Record | tuple[Record, ...]) -> str:
    """Write records as canonical JSON: keys sorted, no white space, so that equal records give equal text.

    Raises ValueError for NaN and infinity, which no record may hold. Mappings lose their order.
    """
    return json.dumps(_plain(record), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def schema(kind: type) -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of a kind of file; descriptions are the docstrings of the fields."""
    described: dict[str, Any] = _adapter(kind).json_schema(schema_generator=_DescribedSchema)
    if kind == Dataset:
        described = {"title": "Dataset", "description": "A file of cases.", **described}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}


# ------------------------------------------------------------------ writing


def _plain(record: Record | tuple[Record, ...]) -> object:
    if isinstance(record, tuple):
        return [_plain(item) for item in record]
    written = _adapter(type(record)).dump_json(record, warnings="error")
    return json.loads(written, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> NoReturn:
    msg = f"no record may hold {name}"
    raise ValueError(msg)


class _DescribedSchema(GenerateJsonSchema):
    """Describes fields by their docstrings, and leaves out titles that only repeat the field's name.

    Pydantic can collect the docstrings itself, but then does so for every command, at 100 ms.
    """

    def field_title_should_be_set(self, schema: object) -> bool:
        del schema
        return False

    def dataclass_schema(self, schema: "DataclassSchema") -> "JsonSchemaValue":
        described = super().dataclass_schema(schema)
        for name, text in _field_docstrings(schema["cls"]):
            described["properties"][name]["description"] = text
        return described


def _field_docstrings(kind: type) -> Iterator[tuple[str, str]]:
    statement = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    for this, following in itertools.pairwise(getattr(statement, "body", ())):
        match this, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.split())
            case _:
                pass


# ------------------------------------------------------------------ faults


def _validated(kind: object, document: Document) -> tuple[Any, tuple[Fault, ...]]:
    try:
        # Through JSON: pydantic's strict mode takes no dictionary for a dataclass otherwise.
        return _adapter(kind).validate_json(json.dumps(document.value, allow_nan=False), strict=True), ()
    except ValidationError as error:
        return None, tuple(_fault(kind, detail, document) for detail in error.errors(include_url=False))


def _repeated_ids(document: Document) -> Iterator[Fault]:
    first: dict[str, Path] = {}
    for index, item in enumerate(document.value if isinstance(document.value, list) else ()):
        name = item.get("id") if isinstance(item, dict) else None
        if not isinstance(name, str):
            continue
        path = (index, "id")
        if name in first:
            message = f"case id {name!r} occurs twice, first on line {document.line(first[name])}"
            hint = "give each case an id of its own"
            yield Fault(message=message, line=document.line(path), path=place(path), hint=hint)
        first.setdefault(name, path)


def _fault(kind: object, detail: "ErrorDetails", document: Document) -> Fault:
    path: Path = detail["loc"]
    message, hint = _in_words(detail, kind)
    if detail["type"] == "value_error":
        # Our records begin with the name of the field at fault where there is one.
        subject, _, rest = message.partition(" ")
        if subject in _field_names(_kind_at(kind, path)):
            path, message = (*path, subject), rest
    line = document.line(path) if document.lines else None
    return Fault(message=message, line=line, path=place(path), hint=hint)


def _in_words(detail: "ErrorDetails", kind: object) -> tuple[str, str]:
    got, path = detail["input"], detail["loc"]
    message, hint = f"{detail['msg']}, got {_shown(got)}", ""
    match detail["type"]:
        case "missing":
            message = "Field required"
        case "unexpected_keyword_argument":
            message, hint = _unexpected(str(path[-1]), _field_names(_kind_at(kind, path[:-1])))
        case "value_error":
            message = str(detail["ctx"]["error"])
        case "literal_error":
            message = f"must be {detail['ctx']['expected']}, got {_shown(got)}"
        case "json_invalid":
            message = f"not readable as JSON: {detail['ctx']['error']}"
        case "dataclass_type":
            known = ", ".join(_field_names(_kind_at(kind, path)))
            message = f"must have the fields {known}, got {_shown(got)}"
        case other if other in _MUST_BE:
            message, hint = f"must be {_MUST_BE[other]}, got {_shown(got)}", _conversion_hint(other, got)
        case _:
            pass
    return message, hint


def _conversion_hint(wanted: str, got: object) -> str:
    if wanted == "string_type" and isinstance(got, bool | int | float):
        return "put it in quotes"
    if wanted == "tuple_type" and isinstance(got, str):
        return "write it as an item, after `- ` or inside [ ]"
    return ""


_MUST_BE: Final[Mapping[str, str]] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
}


def _unexpected(name: str, known: tuple[str, ...]) -> tuple[str, str]:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"Unexpected field (did you mean {near[0]!r}?)", ""
    return "Unexpected field", f"known here: {', '.join(known)}"


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case bool():
            return "true" if value else "false"
        case str() if len(value) > 60:
            return repr(value[:60] + "…")
    return repr(value)


def _kind_at(kind: object, path: Path) -> object:
    """Follow a path through the types: into the fields of records, the items of lists and mappings."""
    for step in path:
        bare = _bare(kind)
        if is_dataclass(bare):
            kind = get_type_hints(bare).get(str(step))
        else:
            kind = (*get_args(bare), None)[1 if get_origin(bare) is Mapping else 0]
    return _bare(kind)


def _bare(kind: object) -> object:
    """Give X for `X | None`."""
    if get_origin(kind) not in {Union, UnionType}:
        return kind
    kinds = [part for part in get_args(kind) if part is not NoneType]
    return kinds[0] if len(kinds) == 1 else kind


def _field_names(kind: object) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
