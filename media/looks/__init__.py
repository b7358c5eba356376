"""What an owner may do to a picture: crop, sliders, filters, a watermark. In 8-bit sRGB; what is transparent stays so.

Every look is made of two things: a matrix by which colours are mixed, and a curve of 256 values for each channel.
"""
