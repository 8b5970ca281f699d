"""`nnref verify`: a stream alone, or against the model it was made from."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnref import codec
from nnref.spec.limits import Limits
from nnref.spec.tables.enums import Dialect
from nnref.tools.cli.failures import GOOD, tell, warn
from nnref.tools.cli.folding import check_folding, folded_model, folding_options
from nnref.tools.cli.inputs import check_chain, state_after
from nnref.tools.cli.options import (
    as_coded_option,
    base_option,
    dialect_option,
    jobs_option,
    json_option,
    limit_option,
    out_of_band_option,
    quiet_option,
    semantics_option,
)
from nnref.tools.cli.output import print_json, print_table, progress_bar, warn_findings
from nnref.tools.cli.text import count_text, finite_or_none, number_text, one_line

if TYPE_CHECKING:
    from nnref.codec.model import ModelInput
    from nnref.tools.cli.comparison import Difference
    from nnref.tools.cli.verification import Verification


@click.command(short_help="Check a stream, alone or against a model.")
@click.argument(
    "paths", metavar="STREAM [UPDATE]...", type=click.Path(readable=False), nargs=-1, required=True
)
@click.option("--against", "model", type=click.Path(readable=False), help="Model to compare with.")
@click.option("--min-sqnr", type=float, help="SQNR in dB that every tensor must reach.")
@click.option("--max-error", type=float, help="Absolute error that no element may exceed.")
@semantics_option
@folding_options
@base_option
@as_coded_option
@out_of_band_option
@limit_option
@dialect_option
@jobs_option
@quiet_option
@json_option
def command(
    paths: tuple[str, ...],
    semantics: str | None,
    model: str | None,
    min_sqnr: float | None,
    max_error: float | None,
    fold_batch_norm: bool,
    pairs_file: Path | None,
    eps: float | None,
    bases: tuple[str, ...],
    as_coded: bool,
    out_of_band: Any,
    limits: Limits,
    dialect: Dialect,
    jobs: int,
    quiet: bool,
    as_json: bool,
) -> int:
    """Check a stream, alone or against a model.

    Everything is parsed and decoded; rules that a decoder may tolerate give warnings. Against a
    model, names, shapes, data types and integers must agree, the decoded model must be nearer to
    the model than zeros are, and --min-sqnr and --max-error must hold; else the exit status is 6.
    A stream encoded with --fold-batch-norm is compared with the folded model: say so again here.
    With UPDATEs, oldest first, it is their sum with the model in STREAM that is checked.
    """
    from nnref.tools.cli.comparison import Bounds  # noqa: PLC0415  these load numpy
    from nnref.tools.cli.verification import verify  # noqa: PLC0415

    if model is None and (min_sqnr is not None or max_error is not None or fold_batch_norm):
        context = click.get_current_context()
        text = "--min-sqnr, --max-error and --fold-batch-norm need --against"
        raise click.UsageError(text, context)
    check_folding(fold_batch_norm, pairs_file, eps)
    check_chain(paths, semantics, {"--as-coded": as_coded, "--base": bases})
    options: dict[str, Any] = {"limits": limits, "dialect": dialect}
    with progress_bar("verifying", quiet=quiet) as progress:
        options["out_of_band"] = out_of_band
        stream: codec.Stream | codec.OpenChain
        if len(paths) > 1:
            stream = codec.OpenChain(paths, semantics=semantics or "cumulative", **options)
        else:
            state = state_after(bases, options)
            stream = codec.open_stream(paths[0], base=state, as_coded=as_coded, **options)
        expected: ModelInput | None = model
        if model is not None and fold_batch_norm:
            expected = folded_model(model, pairs_file, eps)
        result = verify(stream, expected, Bounds(min_sqnr, max_error), progress, jobs)
    warn_findings(stream.findings)
    if as_json:
        given = {"stream": paths[0], "updates": list(paths[1:]), "model": model}
        print_json("nnref.verify/1", given | _object(stream, result))
    elif not quiet:
        _print(paths, stream, result)
    if len(result.errors) > 1:
        warn(f"{len(result.errors) - 1} more units cannot be decoded; --json lists them")
    error = result.error()
    return GOOD if error is None else tell(error)


def _object(stream: "codec.Stream | codec.OpenChain", result: "Verification") -> dict[str, Any]:
    error = result.error()
    found: dict[str, Any] = {
        "good": error is None,
        "bytes": stream.size,
        "tensors": len(stream),
        "tensors_decoded": result.decoded,
        "findings": [finding.as_dict() for finding in stream.findings],
        "errors": [failure.as_dict() for failure in result.errors],
    }
    if result.differences is not None:
        found |= {
            "identical": result.identical,
            "lowest_sqnr": finite_or_none(result.lowest_sqnr),
            "comparison": [_difference_object(d) for d in result.differences],
        }
    return found | ({} if error is None else {"error": error.as_dict()})


def _difference_object(found: "Difference") -> dict[str, Any]:
    return {
        "name": found.name,
        "identical": found.identical,
        "max_error": finite_or_none(found.max_error),
        "sqnr": finite_or_none(found.sqnr),
        "problems": list(found.problems),
    }


def _print(
    paths: tuple[str, ...], stream: "codec.Stream | codec.OpenChain", result: "Verification"
) -> None:
    if result.differences is not None:
        columns = ("<tensor", "max error", "SQNR dB", "<result")
        print_table("", columns, map(_row, result.differences))
    text = (
        f"{' + '.join(map(one_line, paths))}: {count_text(stream.size)} bytes, "
        f"{result.decoded} of {len(stream)} tensors decoded"
    )
    if result.identical:
        text += ", identical to the model"
    elif result.lowest_sqnr is not None:
        text += f", lowest SQNR {result.lowest_sqnr:.2f} dB"
    print(text)


def _row(found: "Difference") -> tuple[str, str, str, str]:
    verdict = "identical" if found.identical else ", ".join(found.problems) or "good"
    error = finite_or_none(found.max_error)
    return (
        found.name,
        "-" if error is None else f"{error:.3g}",
        number_text(finite_or_none(found.sqnr)),
        verdict,
    )
