"""ColorGAN: colours black-and-white pictures with a conditional GAN in YUV."""
