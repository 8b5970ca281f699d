"""`nnref encode`: from a model to a stream."""

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nnref import codec
from nnref.spec.errors import refusal
from nnref.tools.cli.failures import warn
from nnref.tools.cli.folding import check_folding, folded_model, folding_options
from nnref.tools.cli.inputs import refuse_same_file
from nnref.tools.cli.lnq import lnq_object, lnq_options
from nnref.tools.cli.methods import method_options
from nnref.tools.cli.options import jobs_option, json_option, number_or_auto, quiet_option
from nnref.tools.cli.output import print_json, progress_bar
from nnref.tools.cli.parameters import parameters_given
from nnref.tools.cli.quantization_data import quantization_data_given
from nnref.tools.cli.sections import SectionedCommand
from nnref.tools.cli.targets import (
    TargetOptions,
    TrialPrinter,
    search_object,
    target_options,
    write_pareto,
)
from nnref.tools.cli.text import count_text, finite_or_none, one_line, ratio_text
from nnref.tools.cli.topology import topology_options
from nnref.tools.cli.updating import update_options, update_summary

if TYPE_CHECKING:
    from nnref.codec.transform import FoldedSource


SECTIONS: Final = {
    "qp": "Quality",
    "effort": "Coding tools",
    "lnq": "Methods beyond the standard, pruning",
    "calibration": "Calibration, rules, numbers that do not fit",
    "profile": "Form of the stream",
    "bases": "Updates",
    "max_bytes": "Targets",
    "quantization_data": "What is carried along",
    "fold_batch_norm": "Batch norms",
    "jobs": "Running",
}
"""Headings of the help page, by the option that comes first."""


@click.command(
    cls=SectionedCommand, sections=SECTIONS, short_help="Encode a model as an NNR stream."
)
@click.argument("model", type=click.Path(readable=False))
@click.option(
    "-o", "--output", type=click.Path(readable=False), required=True, help="Stream to write."
)
@click.option("--qp", type=int, help="Quality as a quantization parameter: smaller is finer.")
@click.option("--step", type=float, help="Quality as the largest step between decoded values.")
@click.option("--sqnr", type=float, help="Quality in dB, reached by every tensor.  [default: 40]")
@click.option("--lossless", is_flag=True, default=None, help="No quantization at all.")
@click.option(
    "--nonweight-qp", type=int, help="qp of vectors and scalars.  [default: follows the data]"
)
@click.option(
    "--effort",
    type=click.Choice(["fast", "default", "best"]),
    help="How hard to look for fewer bytes.  [default: default]",
)
@click.option(
    "--lambda",
    "rd_lambda",
    metavar="F",
    type=float,
    help="What a bit is worth in squared steps; 0: nearest values.  [default: 0.4, --no-dq 0.12]",
)
@click.option(
    "--dq/--no-dq", default=None, help="Dependent quantization.  [default: where it pays]"
)
@click.option(
    "--codebook",
    metavar="N|auto",
    callback=number_or_auto(int, "an integer"),
    help="Codebooks of at most N entries, or where they pay.  [default: none]",
)
@click.option(
    "--low-rank",
    metavar="RATIO|auto",
    callback=number_or_auto(float, "a number"),
    help="Low-rank factors with this part of a matrix's numbers, or where they pay.",
)
@click.option(
    "--low-rank-error",
    type=float,
    help="Low-rank factors of the smallest rank that leaves out at most this relative error.",
)
@click.option(
    "--local-scaling",
    is_flag=True,
    default=None,
    help="Matrices as rows of one magnitude, and a factor for each row.",
)
@lnq_options
@method_options
@click.option(
    "--calibration",
    metavar="FILE",
    type=click.Path(readable=False),
    help="What `nnref calibrate` wrote: quantize for the least error of the layers' outputs, whose "
    "SQNR --sqnr is then, on average.",
)
@click.option(
    "--rules",
    "rules_file",
    type=click.Path(path_type=Path, readable=False),
    help="TOML or JSON file with settings for the tensors that match a glob.",
)
@click.option(
    "--non-finite",
    type=click.Choice(["error", "raw"]),
    help="Refuse NaN and infinities, or carry such tensors without loss.  [default: error]",
)
@click.option(
    "--out-of-reach",
    type=click.Choice(["raw", "layer", "error"]),
    help="Carry a tensor whose scale no step suits without loss, give its layer parameters of its "
    "own (NNCodec cannot read these), or refuse.  [default: raw]",
)
@click.option("--profile", type=click.IntRange(0, 1), help="general_profile_idc.  [default: 1]")
@click.option(
    "--scan-order",
    type=click.IntRange(0, 4),
    help="0: row by row; 1 to 4: blocks of 8, 16, 32, 64.  [default: 0]",
)
@click.option(
    "--qp-density",
    type=click.IntRange(0, 7),
    help="2^N quantization parameters per doubling of the step.  [default: 2]",
)
@click.option(
    "--row-skip/--no-row-skip", default=None, help="Skip zero rows.  [default: where it pays]"
)
@click.option(
    "--shift-search",
    type=click.Choice(["off", "compatible", "exact"]),
    help="How the contexts' shift parameters are chosen.  [default: exact]",
)
@click.option(
    "--index",
    is_flag=True,
    default=None,
    help="End with an index, to find one tensor fast; NNCodec cannot skip it.",
)
@click.option(
    "--max-unit-bytes",
    metavar="N",
    type=click.IntRange(1),
    help="Split larger data over several units; NNCodec cannot read these.",
)
@click.option(
    "--compatible", is_flag=True, default=None, help="Write byte for byte what NNCodec 2.1.3 would."
)
@click.option(
    "--blocks",
    metavar="auto|FILE",
    help="One unit for each layer: weights with biases and local scalings, or as a file says.",
)
@click.option(
    "--indexed-names", is_flag=True, default=None, help="All names in one list, references to it."
)
@click.option(
    "--out-of-band",
    "sidecar",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Leave dimensions and unary lengths out of the stream; write them to this JSON file.",
)
@click.option(
    "--parameters",
    metavar="FILE",
    type=click.Path(path_type=Path),
    callback=parameters_given,
    help="JSON file with base_model_id, validation performance and performance maps.",
)
@update_options
@target_options
@click.option(
    "--quantization-data",
    metavar="FILE",
    type=click.Path(path_type=Path),
    callback=quantization_data_given,
    help="Carry this file in a quantization unit.",
)
@topology_options
@folding_options
@jobs_option
@quiet_option
@json_option
def command(
    model: str,
    output: str,
    rules_file: Path | None,
    blocks: str | None,
    sidecar: Path | None,
    bases: tuple[str, ...],
    semantics: str | None,
    calibration: str | None,
    target: TargetOptions,
    fold_batch_norm: bool,
    pairs_file: Path | None,
    eps: float | None,
    jobs: int,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Encode a model as an NNR stream.

    MODEL is a .safetensors, .npz, .pt or .pth file, or a folder with sharded safetensors. At most
    one of --qp, --step and --sqnr asks for the quality; options that are not given are left to the
    encoder. With --base the stream is an update, for `nnref decode BASE UPDATE...`; the quality is
    that of the new model.

    With --target-bytes, --target-bpw, --min-sqnr, --max-loss or --max-kl MODEL is encoded several
    times, and the best stream within the target is kept; where there is none, nothing is written
    and the error says what was reached.
    """
    from nnref.tools.cli.blocks import read_blocks  # noqa: PLC0415  these load numpy
    from nnref.tools.cli.out_of_band import write_out_of_band  # noqa: PLC0415
    from nnref.tools.cli.rules import read_rules, without_effect  # noqa: PLC0415

    for source in (model, *bases):
        refuse_same_file(source, output)
    check_folding(fold_batch_norm, pairs_file, eps)
    rules = read_rules(rules_file) if rules_file is not None else ()
    settings = {name: value for name, value in options.items() if value is not None}
    settings |= {"rules": rules, "out_of_band": sidecar is not None}
    if blocks is not None:
        settings["blocks"] = read_blocks(blocks)
    folded = folded_model(model, pairs_file, eps) if fold_batch_norm else None
    search = None
    if (bound := target.target(model)) is not None:
        if bases or semantics is not None:
            raise refusal("usage", "an update (--base) has no target")
        search = codec.encode_file_to_target(
            folded or model,
            output,
            bound,
            weighting=target.weights,
            calibration=calibration,
            journal=target.journal,
            jobs=jobs,
            on_trial=None if quiet or as_json else TrialPrinter(),
            **settings,
        )
        report = search.encoded
        if target.pareto is not None:
            write_pareto(target.pareto, search)
    else:
        with progress_bar("encoding", quiet=quiet) as progress:
            report = codec.encode_file(
                folded or model,
                output,
                base=bases or None,
                semantics=semantics,
                calibration=calibration,
                progress=progress,
                jobs=jobs,
                **settings,
            )
    if sidecar is not None:
        write_out_of_band(sidecar, report.out_of_band)
    for warning in folded.report.warnings if folded is not None else ():
        warn(warning)
    for pattern in without_effect(rules, (tensor.name for tensor in report.tensors)):
        warn(f"{rules_file}: no tensor matches {pattern!r}")
    for warning in report.warnings:
        warn(warning)
    if as_json:
        found = {"model": model, "stream": output} | _report_object(report)
        if bases:
            found["base"] = list(bases)
        found |= {"search": search_object(search)} if search is not None else {}
        print_json("nnref.encode/1", found | _folding_object(folded))
    elif not quiet:
        print(_summary(output, report))


def _report_object(report: "codec.EncodeReport") -> dict[str, Any]:
    """The JSON form of what was encoded; `sqnr` is null where nothing was lost."""
    return {
        "bytes": report.total_bytes,
        "tensor_bytes": report.original_bytes,
        "tensors": [_tensor_object(tensor) for tensor in report.tensors],
        "warnings": list(report.warnings),
    }


def _folding_object(folded: "FoldedSource | None") -> dict[str, Any]:
    """What became of the batch norms, when they were to be folded."""
    if folded is None:
        return {}
    pairs = [{"layer": pair.layer, "batch_norm": pair.batch_norm} for pair in folded.report.pairs]
    left = [{"batch_norm": left.batch_norm, "reason": left.reason} for left in folded.report.left]
    return {"folded": pairs, "not_folded": left}


def _tensor_object(tensor: "codec.EncodedTensor") -> dict[str, Any]:
    return {
        "name": tensor.name,
        "shape": list(tensor.info.shape),
        "dtype": tensor.info.dtype,
        "payload_type": tensor.payload_type.name,
        "tools": list(tensor.tools),
        "bytes": tensor.unit_bytes,
        "qp": tensor.qp,
        "sqnr": finite_or_none(tensor.sqnr),
        "output_sqnr": tensor.output_sqnr,
        "max_error": tensor.max_error,
        "lnq": None if tensor.lnq is None else lnq_object(tensor.lnq),
    }


def _summary(output: str, report: "codec.EncodeReport") -> str:
    sizes = (
        f"{one_line(output)}: {count_text(report.total_bytes)} bytes for "
        f"{count_text(report.original_bytes)} bytes in {len(report.tensors)} tensors "
        f"({ratio_text(report.original_bytes, report.total_bytes)})"
    )
    ways = update_summary(report.tensors)
    if ways:
        sizes += f": {ways}"
    lossy = [tensor for tensor in report.tensors if isfinite(tensor.sqnr)]
    if not lossy:
        return f"{sizes}; nothing was lost"
    calibrated = {t.name: t.output_sqnr for t in report.tensors if t.output_sqnr is not None}
    if calibrated:
        name, sqnr = min(calibrated.items(), key=lambda pair: pair[1])
        return f"{sizes}; lowest SQNR of outputs {sqnr:.1f} dB ({one_line(name)})"
    worst = min(lossy, key=lambda tensor: tensor.sqnr)
    return f"{sizes}; lowest SQNR {worst.sqnr:.1f} dB ({one_line(worst.name)})"
