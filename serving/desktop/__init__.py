"""The desktop window, and the one-call function behind it."""

from serving.desktop.transform import transform_img

__all__ = ["transform_img"]
