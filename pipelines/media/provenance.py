"""The provenance tag: every result says in its metadata that a model made its colours. Never written on the picture."""

TEXT = "Colours made by a model (ColorGAN TF)"


def tagged(text: str) -> str:
    """Returns a metadata field's text with the provenance tag after it, unless it is there already."""
    text = text.strip("\0 ")
    if TEXT in text:
        return text
    return f"{text}; {TEXT}" if text else TEXT
