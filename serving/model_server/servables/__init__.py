"""The served versions of models: found on disk, loaded, warmed up, unloaded."""
