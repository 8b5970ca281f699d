"""As much of JSON Schema as the schemas of nnref use; an unknown keyword is an error."""

import re

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
    "boolean": bool,
}
NOTES = {"$schema", "$defs", "title", "description"}


class NotValidError(AssertionError):
    pass


def require(condition, message):
    if not condition:
        raise NotValidError(message)


def is_valid(value, schema, root):
    try:
        validate(value, schema, root)
    except NotValidError:
        return False
    return True


def validate(value, schema, root=None):
    """Raise NotValidError unless `value` obeys `schema`; `root` is where references start."""
    root = root or schema
    for keyword, operand in schema.items():
        if keyword not in NOTES:
            KEYWORDS[keyword](value, operand, schema, root)


def _type(value, names, schema, root):
    names = [names] if isinstance(names, str) else names
    fits = any(isinstance(value, TYPES[name]) for name in names)
    require(fits and (not isinstance(value, bool) or "boolean" in names), f"{value!r}: {names}")


def _ref(value, reference, schema, root):
    target = root
    for step in reference.removeprefix("#/").split("/"):
        target = target[step]
    validate(value, target, root)


def _one_of(value, schemas, schema, root):
    fitting = [one for one in schemas if is_valid(value, one, root)]
    require(len(fitting) == 1, f"{value!r} fits {fitting}")


def _all_of(value, schemas, schema, root):
    for one in schemas:
        validate(value, one, root)


def _properties(value, properties, schema, root):
    for name, one in properties.items():
        if name in value:
            validate(value[name], one, root)


def _additional(value, allowed, schema, root):
    assert allowed is False
    extra = value.keys() - schema["properties"].keys()
    require(not extra, f"{value!r}: {extra}")


KEYWORDS = {
    "type": _type,
    "$ref": _ref,
    "oneOf": _one_of,
    "allOf": _all_of,
    "properties": _properties,
    "additionalProperties": _additional,
    "required": lambda v, names, s, r: require(set(names) <= v.keys(), f"{v!r}: {names}"),
    "const": lambda v, constant, s, r: require(v == constant, f"{v!r} is not {constant!r}"),
    "enum": lambda v, values, s, r: require(v in values, f"{v!r} is not in {values!r}"),
    "minimum": lambda v, least, s, r: require(v >= least, f"{v!r} < {least}"),
    "maximum": lambda v, most, s, r: require(v <= most, f"{v!r} > {most}"),
    "pattern": lambda v, text, s, r: require(re.search(text, v), f"{v!r} is not {text}"),
}
