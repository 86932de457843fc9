"""Search for better settings of the family in `params.yaml`; a person copies what wins (`make tune`)."""

from __future__ import annotations

import optuna
import yaml

from . import config, features, paths
from .models import FAMILIES
from .train import cross_validation


def main() -> None:
    """Write the best settings found, ready to be pasted under `train.model`."""
    params = config.load()
    family = FAMILIES[params.train.model.family]
    x, y = features.read(paths.TRAIN_FEATURES)

    def objective(trial: optuna.Trial) -> float:
        return cross_validation(family.suggest(trial), params.train, x, y)["roc_auc_mean"]

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=params.train.seed))
    study.optimize(objective, n_trials=params.tune.trials)
    best = family.suggest(optuna.trial.FixedTrial(study.best_params))
    found = {"model": vars(best), "roc_auc_mean": study.best_value}
    paths.made(paths.TUNED).write_text(yaml.safe_dump(found, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main()
